/**
 * The one step of a push that counts: PUT of a manifest, where a tag moves.
 *
 * Read and judge the content; under the lock of (repository, reference) look at the tag, decide with all facts, make the
 * intent durable, ask the registry, make the record durable, and only then tell the client. What cannot be told for
 * certain is settled by looking at the registry, and the reference stays locked until it is.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { WardenError } from '../errors.ts';
import {
  hasImageConfig,
  type ImageConfig,
  MANIFEST_LIMIT,
  type Manifest,
  readImageConfig,
  readManifest,
} from '../protocol/manifest.ts';
import { type Reference, referenceText } from '../protocol/names.ts';
import { type RegistryRequest, writeTarget } from '../protocol/request.ts';
import type { PushIntent, PushOutcome } from '../provenance/record.ts';
import { headersToClient, headersToRegistry } from '../upstream/headers.ts';
import type { Answer, Send } from '../upstream/registry.ts';
import { authorize } from './authorize.ts';
import type { GateDeps, Judgement, VerifiedToken } from './deps.ts';
import { type Exchange, isWardenError, type Summary } from './exchange.ts';
import { needOf } from './needs.ts';
import { originOf } from './origin.ts';
import type { PushesUnderWay, PushKey } from './pushes-under-way.ts';
import { readBody } from './read-body.ts';
import { actorOf, peerOf, policyOf } from './record-facts.ts';

export type ManifestPut = Extract<RegistryRequest, { route: 'manifest' }> & { readonly method: 'PUT' };

export interface Pushing {
  readonly deps: GateDeps;
  readonly underWay: PushesUnderWay;
  readonly exchange: Exchange;
  readonly summary: Summary;
  readonly token: VerifiedToken;
  readonly request: ManifestPut;
}

/** What was pushed, as far as the bytes say it. */
interface Content {
  readonly bytes: Uint8Array;
  readonly digest: string;
  readonly manifest: Manifest;
  readonly config: ImageConfig | undefined;
}

/** In bytes. A configuration with more than this is not read, and its image is refused. */
const CONFIG_LIMIT = 4_194_304;
/** In bytes, of the registry's answer to a manifest: an error text at most. */
const ANSWER_LIMIT = 65_536;
/** Milliseconds that a client waits for a push whose outcome is unknown, before it is told so. */
const UNKNOWN_WAIT_MS = 10_000;

/**
 * @throws {WardenError} for everything that the client is told instead of the registry's answer.
 */
export async function pushManifest(pushing: Pushing): Promise<void> {
  const { deps, exchange, request } = pushing;
  requireRecord(deps);
  if (exchange.expectsContinue) exchange.response.writeContinue();
  const content = await readContent(pushing);
  const reference = referenceText(request.reference);
  const answer = await deps.recorder.withLock(
    request.repository,
    reference,
    async (hold) => {
      const judged = await judge(pushing);
      const intent = makeIntent(pushing, content, judged);
      const recording = performance.now();
      await deps.recorder.intend(intent);
      const asked = performance.now();
      const outcome = await put(pushing, content);
      const answered = performance.now();
      deps.metrics.stage('registry', 'manifest', answered - asked);
      const settled = await conclude(pushing, intent, outcome, hold);
      deps.metrics.stage('record', 'manifest', asked - recording + performance.now() - answered);
      return settled;
    },
    goneSignal(exchange),
  );
  const { response } = exchange;
  response.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length });
  response.end(answer.body);
  pushing.summary.bytesIn = content.bytes.length;
}

/** Aborted when the client goes away: one that waits for a tag then waits no more. What is intended goes on regardless. */
function goneSignal({ response }: Exchange): AbortSignal {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  return gone.signal;
}

/** @throws {WardenError} RECORD_UNAVAILABLE, in the form that every client prints at once. */
export function requireRecord(deps: GateDeps): void {
  const health = deps.recorder.health();
  if (!health.writable) throw new WardenError('RECORD_UNAVAILABLE', { cause: new Error(health.why) });
}

async function readContent({ deps, exchange, request }: Pushing): Promise<Content> {
  const bytes = await readBody(exchange.request, MANIFEST_LIMIT);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  if ('digest' in request.reference && request.reference.digest !== digest)
    throw new WardenError('DIGEST_MISMATCH');
  const read = readManifest(bytes, exchange.request.headers['content-type']);
  if (!read.ok) throw refusedManifest(read.reason);
  const { manifest } = read;
  if (!hasImageConfig(manifest) || manifest.config === undefined)
    return { bytes, digest, manifest, config: undefined };
  const blob = await deps.registry.readBlob(request.repository, manifest.config.digest, CONFIG_LIMIT);
  // Where it is absent the registry refuses the manifest, with its own words; too large a one it would accept.
  if (blob === undefined && manifest.config.size > CONFIG_LIMIT)
    throw refusedManifest('its configuration is too large');
  const config = blob && readImageConfig(blob);
  if (config && !config.ok) throw refusedManifest(`in its configuration, ${config.reason}`);
  return { bytes, digest, manifest, config: config?.config };
}

function refusedManifest(reason: string): WardenError {
  return new WardenError('MANIFEST_REFUSED', { sentence: `the manifest is not acceptable: ${reason}` });
}

interface Judged {
  readonly judgement: Judgement;
  /** The digest that the tag showed just before. */
  readonly from: string | undefined;
}

/** Under the lock: whether this is a create or an overwrite is known only now. */
async function judge({ deps, exchange, token, request }: Pushing): Promise<Judged> {
  const { repository, reference } = request;
  let from: string | undefined;
  if ('tag' in reference) {
    from = await deps.registry.lookTag(repository, reference.tag);
    await deps.recorder.reconcileTag(repository, reference.tag, from);
  }
  const need = needOf(request, from !== undefined);
  if (need === undefined) throw new WardenError('INTERNAL');
  return { judgement: authorize(deps, exchange, token, need), from };
}

function makeIntent(pushing: Pushing, content: Content, { judgement, from }: Judged): PushIntent {
  const { deps, underWay, exchange, token, request } = pushing;
  const { manifest, digest, bytes, config } = content;
  const parts = [...(manifest.config ? [manifest.config] : []), ...manifest.layers];
  const mounted = underWay.mountsAmong(keyOf(pushing), new Set(parts.map((part) => part.digest)));
  const labels = config?.labels ?? {};
  return {
    id: deps.recorder.newId(),
    began: new Date(deps.now()).toISOString(),
    subject: {
      repo: request.repository,
      digest,
      size: bytes.length,
      mediaType: manifest.mediaType,
      ...(manifest.artifactType && { artifactType: manifest.artifactType }),
      ...(manifest.config && {
        config: manifest.config.digest,
        layers: manifest.layers.length,
        layerBytes: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
      }),
      ...(manifest.children.length > 0 && {
        children: manifest.children.map((child) => ({
          digest: child.digest,
          ...(child.platform && { platform: child.platform }),
        })),
      }),
      ...(manifest.subject && { of: manifest.subject.digest }),
    },
    ...tagOf(request.reference, from),
    actor: actorOf(token),
    peer: peerOf(exchange, judgement.decision.host),
    token: { ip: token.address },
    policy: policyOf(judgement, deps.policyDigest(), exchange.id),
    push: underWay.part(keyOf(pushing)),
    ...(Object.keys(labels).length > 0 && { labels: { ...labels } }),
    ...(mounted.length > 0 && { mounted }),
  };
}

function tagOf(reference: Reference, from: string | undefined): Pick<PushIntent, 'tag'> {
  return 'tag' in reference ? { tag: { name: reference.tag, ...(from !== undefined && { from }) } } : {};
}

export function keyOf({
  exchange,
  token,
  request,
}: Pick<Pushing, 'exchange' | 'token'> & { request: { repository: string } }): PushKey {
  const { repository } = request;
  return { repository, subject: token.subject.name, address: exchange.client.address, jti: token.jti };
}

/** @returns undefined when the answer did not come whole, so that nobody knows what was done. */
async function put(
  { deps, exchange, token, request }: Pushing,
  content: Content,
): Promise<Answer | undefined> {
  const headers = headersToRegistry(exchange.request.headers, originOf(exchange));
  const send: Send = {
    method: 'PUT',
    target: writeTarget(request),
    headers: { ...headers, 'content-type': content.manifest.mediaType },
    subject: token.subject.name,
    access: [{ type: 'repository', name: request.repository, actions: ['pull', 'push'] }],
    body: { bytes: content.bytes },
  };
  try {
    const bounds = { limitBytes: ANSWER_LIMIT, timeoutMs: deps.settings.responseTimeoutMs };
    return await deps.registry.exchange(send, bounds);
  } catch (error) {
    exchange.log.warn({ err: error }, 'the registry did not answer the manifest');
    return undefined;
  }
}

interface ClientAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

async function conclude(
  pushing: Pushing,
  intent: PushIntent,
  answer: Answer | undefined,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const { deps, underWay, summary } = pushing;
  const outcome = outcomeOf(answer, intent.subject.digest);
  if (answer !== undefined && outcome !== undefined) {
    try {
      await deps.recorder.conclude(intent.id, outcome);
      deps.metrics.record(outcome.type, 'written');
      summary.action = outcome.type;
      if (outcome.type === 'push.accepted' && intent.tag) underWay.end(keyOf(pushing));
      return clientAnswer(pushing, answer, outcome, intent.subject.digest);
    } catch (error) {
      deps.metrics.record(outcome.type, 'failed');
      if (!isWardenError(error)) throw error;
    }
  }
  return settleFirst(pushing, intent, hold);
}

/** @returns undefined for what leaves open whether the registry stored it. */
function outcomeOf(answer: Answer | undefined, digest: string): PushOutcome | undefined {
  if (answer === undefined) return undefined;
  const backend = { status: answer.status };
  if (answer.status === 201 && answer.headers['docker-content-digest'] === digest)
    return { type: 'push.accepted', backend };
  if (answer.status >= 400 && answer.status < 500) {
    return { type: 'push.aborted', reason: 'the registry refused the manifest', backend };
  }
  return undefined;
}

function clientAnswer(
  { request }: Pushing,
  answer: Answer,
  outcome: PushOutcome,
  digest: string,
): ClientAnswer {
  if (outcome.type === 'push.accepted') return accepted(request, digest, answer.headers);
  if (answer.status === 401 || answer.status === 403) {
    throw new WardenError('REGISTRY_MISBEHAVED', {
      sentence: "the registry refused the gate's own token; its operator must look at auth.token",
    });
  }
  const body = Buffer.from(answer.bytes ?? []);
  return { status: answer.status, headers: headersToClient(answer.headers), body };
}

function accepted(request: ManifestPut, digest: string, headers: IncomingHttpHeaders = {}): ClientAnswer {
  const location = writeTarget({ ...request, reference: { digest } });
  return {
    status: 201,
    headers: { ...headersToClient(headers), location, 'docker-content-digest': digest },
    body: Buffer.alloc(0),
  };
}

/** The client waits a little for the truth; the lock and the settling go on without it. */
async function settleFirst(
  pushing: Pushing,
  intent: PushIntent,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const { deps, exchange, request } = pushing;
  const { registry, settings } = deps;
  const settling = deps.recorder.settleOne(intent, {
    lookTag: registry.lookTag,
    lookDigest: registry.lookDigest,
    settleMs: settings.settleMs,
  });
  hold(settling);
  const settled = await Promise.race([settling, pause(UNKNOWN_WAIT_MS)]);
  exchange.log.warn(
    { outcome: settled?.type ?? 'not settled yet', intent: intent.id },
    'the outcome of a push was looked up',
  );
  if (settled?.type === 'push.accepted') return accepted(request, intent.subject.digest);
  throw new WardenError('OUTCOME_UNKNOWN');
}

function pause(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), milliseconds).unref();
  });
}
