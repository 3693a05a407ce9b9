/**
 * Deletions: policy, then Warden's own switch, then the intent durable, then the registry, then the record durable, then
 * the answer. What the registry did not say is settled by looking, as for a push.
 *
 * A manifest is deleted alone in its repository: the registry takes every tag along that shows it, also one that is just
 * being written.
 */
import { WardenError } from '../errors.ts';
import type { RegistryRequest } from '../protocol/request.ts';
import { writeTarget } from '../protocol/request.ts';
import type { DeletionIntent, DeletionOutcome, RecordDraft } from '../provenance/record.ts';
import { headersToClient, headersToRegistry } from '../upstream/headers.ts';
import { NotSent } from '../upstream/not-sent.ts';
import type { Answer } from '../upstream/send.ts';
import type { Judgement } from './deps.ts';
import { isWardenError } from './exchange.ts';
import { originOf } from './origin.ts';
import { requireRecord } from './push-manifest.ts';
import { actorOf, backendOf, peerOf, policyOf, tokenOf } from './record-facts.ts';
import { forgetReferrer, subjectOf } from './referrers.ts';
import { settledSoon } from './settled-soon.ts';
import type { ClientAnswer, Pushing } from './store-manifest.ts';
import { takeBack } from './take-back.ts';

export type Deletion = Extract<RegistryRequest, { route: 'manifest' | 'blob' }> & {
  readonly method: 'DELETE';
};

/** In bytes, of the registry's answer. */
const ANSWER_LIMIT = 65_536;
/** Milliseconds that a deletion waits for others in its place. Pushes that come meanwhile wait behind it. */
const WAIT_MS = 10_000;

interface Deleting extends Omit<Pushing, 'request'> {
  readonly request: Deletion;
  readonly target: Target;
  readonly facts: Facts;
}

interface Target {
  readonly deletes: DeletionIntent['deletes'];
  readonly repo: string;
  /** A tag or a digest. */
  readonly reference: string;
}

/** What intent and record share. */
type Facts = Pick<DeletionIntent, 'began' | 'deletes' | 'actor' | 'peer' | 'token' | 'policy'>;

/** @throws {WardenError} METHOD_UNSUPPORTED while deletes are switched off, which is recorded as a refusal. */
export async function deleteContent(
  asking: Omit<Pushing, 'request'>,
  request: Deletion,
  judgement: Judgement,
): Promise<void> {
  const { deps, exchange, token } = asking;
  const target = targetOf(request);
  const { deletes, repo, reference } = target;
  const who = {
    actor: actorOf(token),
    peer: peerOf(exchange, judgement.decision),
    policy: policyOf(judgement, deps.policyDigest(), exchange.id),
  };
  if (!deps.settings.deletes) {
    const where = { subject: { repo }, ...(deletes === 'tag' && { tag: { name: reference } }) };
    const fetched = { token: { ip: token.address } };
    deps.recorder.refused({ action: 'delete', reason: 'METHOD_UNSUPPORTED', ...where, ...who, ...fetched });
    throw new WardenError('METHOD_UNSUPPORTED', { sentence: 'deletes are switched off in this registry' });
  }
  requireRecord(deps);
  const subject = deletes === 'manifest' ? await subjectOf(deps.registry, repo, reference) : undefined;
  const began = new Date(deps.now()).toISOString();
  const deleting: Deleting = {
    ...asking,
    request,
    target,
    facts: { began, deletes, ...who, token: tokenOf(token) },
  };
  const work = (hold: (until: Promise<unknown>) => void) => deleteAlone(deleting, hold);
  const { recorder } = deps;
  const patience = AbortSignal.timeout(WAIT_MS);
  const answer = await (deletes === 'manifest'
    ? recorder.withRepository(repo, work, patience)
    : recorder.withLock(repo, reference, work, patience));
  if (answer.status === 202 && subject !== undefined) {
    await forgetReferrer(asking, { repository: repo, subject, digest: reference }, judgement);
  }
  exchange.response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  exchange.response.end(answer.body);
}

function targetOf(request: Deletion): Target {
  const repo = request.repository;
  if (request.route === 'blob') return { deletes: 'blob', repo, reference: request.digest };
  return 'tag' in request.reference
    ? { deletes: 'tag', repo, reference: request.reference.tag }
    : { deletes: 'manifest', repo, reference: request.reference.digest };
}

/** Under the lock, which is held on while the outcome is not known. */
async function deleteAlone(
  deleting: Deleting,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const { deps, exchange } = deleting;
  const digest = await presentDigest(deleting);
  if (digest === undefined) return deleteAbsent(deleting);
  const intent = intentOf(deleting, digest);
  await deps.recorder.intend(intent);
  const asked = performance.now();
  const answer = await send(deleting).catch((error: unknown) => {
    if (error instanceof NotSent) return takeBack(deps, intent, error);
    exchange.log.warn({ err: error }, 'the registry did not answer the deletion');
    return undefined;
  });
  const outcome = answer && outcomeOf(deleting, answer, performance.now() - asked);
  if (answer && outcome) {
    try {
      await deps.recorder.conclude(intent.id, outcome);
      deps.metrics.record(outcome.type, 'written');
      return passOn(answer);
    } catch (error) {
      deps.metrics.record(outcome.type, 'failed');
      if (!isWardenError(error)) throw error;
    }
  }
  const settled = await settledSoon(deps, exchange, intent, hold);
  if (settled?.type.endsWith('.deleted')) return { status: 202, headers: {}, body: Buffer.alloc(0) };
  throw new WardenError('OUTCOME_UNKNOWN', {
    sentence: 'the registry did not say whether it deleted this; try again',
  });
}

/** The digest of what is to be deleted; undefined where the registry does not have it. */
async function presentDigest({ deps, target }: Deleting): Promise<string | undefined> {
  const { registry, recorder } = deps;
  const { deletes, repo, reference } = target;
  if (deletes === 'tag') {
    const found = await registry.lookTag(repo, reference);
    await recorder.reconcileTag(repo, reference, found);
    return found;
  }
  const look = deletes === 'blob' ? registry.lookBlob : registry.lookDigest;
  return (await look(repo, reference)) ? reference : undefined;
}

/** The refusal of what is not there is the registry's to word. Should it have come by another way since, that is recorded. */
async function deleteAbsent(deleting: Deleting): Promise<ClientAnswer> {
  const { deps, target, facts } = deleting;
  const { repo, reference } = target;
  const asked = performance.now();
  const answer = await send(deleting).catch((cause: unknown) => {
    throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
  });
  if (answer.status === 202) {
    const more = { ...facts, backend: backendOf(deps, answer, performance.now() - asked) };
    const draft: RecordDraft =
      target.deletes === 'tag'
        ? { type: 'tag.deleted', subject: { repo }, tag: { name: reference }, ...more }
        : { type: `${target.deletes}.deleted`, subject: { repo, digest: reference }, ...more };
    await deps.recorder.append(draft);
  }
  return passOn(answer);
}

function intentOf({ deps, target, facts }: Deleting, digest: string): DeletionIntent {
  const { deletes, repo, reference } = target;
  return {
    id: deps.recorder.newId(),
    subject: { repo, digest },
    ...(deletes === 'tag' && { tag: { name: reference, from: digest } }),
    ...facts,
  };
}

/** @returns undefined for what leaves open whether the registry deleted it. */
function outcomeOf({ deps, target }: Deleting, answer: Answer, took: number): DeletionOutcome | undefined {
  const { status } = answer;
  const backend = backendOf(deps, answer, took);
  if (status === 202) return { type: `${target.deletes}.deleted`, backend };
  if (status < 400 || status >= 500) return undefined;
  return { type: 'delete.aborted', reason: 'the registry refused the deletion', backend };
}

function send({ deps, exchange, token, request }: Deleting): Promise<Answer> {
  return deps.registry.exchange(
    {
      method: 'DELETE',
      target: writeTarget(request),
      headers: headersToRegistry(exchange.request.headers, originOf(exchange)),
      subject: token.subject.name,
      access: [{ type: 'repository', name: request.repository, actions: ['delete'] }],
      body: 'none',
      still: deps.recorder.holds,
    },
    { limitBytes: ANSWER_LIMIT, timeoutMs: deps.settings.responseTimeoutMs },
  );
}

function passOn({ status, headers, bytes }: Answer): ClientAnswer {
  return { status, headers: headersToClient(headers), body: Buffer.from(bytes ?? []) };
}
