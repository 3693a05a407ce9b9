/**
 * The one step of a push that counts: PUT of a manifest, where a tag moves.
 *
 * Read and judge the content; under the lock of (repository, reference) look at the tag, decide with all facts, and have
 * it stored and recorded; then, where it refers to another manifest, have it listed there.
 */
import { WardenError } from '../errors.ts';
import { referenceText } from '../protocol/names.ts';
import { authorize } from './authorize.ts';
import type { GateDeps, Judgement } from './deps.ts';
import type { Exchange } from './exchange.ts';
import { needOf } from './needs.ts';
import { admitGrant } from './push-grant.ts';
import { type Judged, keyOf, makeIntent } from './push-intent.ts';
import { readContent } from './read-content.ts';
import { nameReferrer } from './referrers.ts';
import { type Content, type Pushing, storeManifest } from './store-manifest.ts';

/**
 * @throws {WardenError} for everything that the client is told instead of the registry's answer.
 */
export async function pushManifest(pushing: Pushing): Promise<void> {
  const { deps, exchange } = pushing;
  requireRecord(deps);
  if (exchange.expectsContinue) exchange.response.writeContinue();
  const holding = deps.bodies.open(exchange.client.address);
  try {
    await store(pushing, await readContent(pushing, holding));
  } finally {
    holding.leave();
  }
}

async function store(pushing: Pushing, content: Content): Promise<void> {
  const { deps, underWay, exchange, request } = pushing;
  const reference = referenceText(request.reference);
  let judgement: Judgement | undefined;
  const answer = await deps.recorder.withLock(
    request.repository,
    reference,
    async (hold) => {
      const judged = await judge(pushing, content);
      judgement = judged.judgement;
      const { grant } = judged;
      const stored = await storeManifest(pushing, content, makeIntent(pushing, content, judged), hold);
      // Before the next for this tag is let in: a grant that this used up admits nothing else.
      if (stored.status === 201 && grant && 'tag' in request.reference) {
        const { repository, reference: named } = request;
        await deps.grants.pushed(grant.id, { repository, tag: named.tag, digest: content.digest });
      }
      return stored;
    },
    goneSignal(exchange),
  );
  const accepted = answer.status === 201 && judgement !== undefined;
  const subject = accepted && judgement ? await nameReferrer(pushing, content, judgement, answer) : undefined;
  if (accepted && 'tag' in request.reference) underWay.end(keyOf(pushing));
  const { response } = exchange;
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(subject !== undefined && { 'oci-subject': subject }),
    'content-length': answer.body.length,
  });
  response.end(answer.body);
  pushing.summary.bytesIn = content.bytes.length;
}

/** Aborted when the client goes away: one that waits for a tag then waits no more. What is intended goes on regardless. */
function goneSignal({ response }: Exchange): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

/** @throws {WardenError} RECORD_UNAVAILABLE or REVOCATIONS_STALE, in the form that every client prints at once. */
export function requireRecord(deps: GateDeps): void {
  const health = deps.writable();
  if (!health.writable) throw new WardenError('RECORD_UNAVAILABLE', { cause: new Error(health.why) });
  const stale = deps.revocationsStale();
  if (stale !== undefined) throw new WardenError('REVOCATIONS_STALE', { cause: new Error(stale) });
}

/** Under the lock: whether this is a create or an overwrite is known only now. */
async function judge(pushing: Pushing, { digest }: Content): Promise<Judged> {
  const { deps, exchange, summary, token, request } = pushing;
  const grant = await admitGrant(pushing, digest);
  const { repository, reference } = request;
  let from: string | undefined;
  if ('tag' in reference) {
    from = await deps.registry.lookTag(repository, reference.tag);
    await deps.recorder.reconcileTag(repository, reference.tag, from);
  }
  const need = needOf(request, from !== undefined);
  if (need === undefined) throw new WardenError('INTERNAL');
  return { judgement: authorize(deps, exchange, token, need, summary), from, grant };
}
