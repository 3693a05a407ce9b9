/**
 * Gives a manifest to the registry so that the record has it whatever happens: the intent durable first, then the
 * registry, then the record durable, and only then an answer for the client. What cannot be told for certain is settled
 * by looking at the registry, and the reference stays locked until it is.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { WardenError } from '../errors.ts';
import { type RegistryRequest, writeTarget } from '../protocol/request.ts';
import type { PushIntent, PushOutcome } from '../provenance/record.ts';
import { refusedToken } from '../upstream/answer-head.ts';
import { headersToClient, headersToRegistry } from '../upstream/headers.ts';
import { NotSent } from '../upstream/not-sent.ts';
import type { Answer, Send } from '../upstream/send.ts';
import type { GateDeps, VerifiedToken } from './deps.ts';
import { type Exchange, isWardenError, type Summary } from './exchange.ts';
import type { Described } from './image-facts.ts';
import { originOf } from './origin.ts';
import type { PushesUnderWay } from './pushes-under-way.ts';
import { backendOf } from './record-facts.ts';
import { settledSoon } from './settled-soon.ts';
import { takeBack } from './take-back.ts';

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
export interface Content extends Described {
  readonly bytes: Uint8Array;
  readonly digest: string;
}

/** In bytes, of the registry's answer to a manifest: an error text at most. */
const ANSWER_LIMIT = 65_536;

/** Under the lock of the repository and reference, which is held on while the outcome is not known. */
export async function storeManifest(
  pushing: Pushing,
  content: Content,
  intent: PushIntent,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const { deps } = pushing;
  const recording = performance.now();
  await deps.recorder.intend(intent);
  const asked = performance.now();
  const outcome = await put(pushing, content).catch((error: unknown) => takeBack(deps, intent, error));
  const answered = performance.now();
  deps.metrics.stage('registry', 'manifest', answered - asked);
  const settled = await conclude(pushing, intent, outcome, answered - asked, hold);
  deps.metrics.stage('record', 'manifest', asked - recording + performance.now() - answered);
  return settled;
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
    still: deps.recorder.holds,
  };
  try {
    const bounds = { limitBytes: ANSWER_LIMIT, timeoutMs: deps.settings.responseTimeoutMs };
    return await deps.registry.exchange(send, bounds);
  } catch (error) {
    if (error instanceof NotSent) throw error;
    exchange.log.warn({ err: error }, 'the registry did not answer the manifest');
    return undefined;
  }
}

export interface ClientAnswer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

async function conclude(
  pushing: Pushing,
  intent: PushIntent,
  answer: Answer | undefined,
  took: number,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const { deps, summary } = pushing;
  const outcome = outcomeOf(pushing, answer, intent.subject.digest, took);
  if (answer !== undefined && outcome !== undefined) {
    try {
      await deps.recorder.conclude(intent.id, outcome);
      deps.metrics.record(outcome.type, 'written');
      summary.action = outcome.type;
      return clientAnswer(pushing, answer, outcome, intent.subject.digest);
    } catch (error) {
      deps.metrics.record(outcome.type, 'failed');
      if (!isWardenError(error)) throw error;
    }
  }
  return settleFirst(pushing, intent, answer, hold);
}

/** @returns undefined for what leaves open whether the registry stored it. */
function outcomeOf(
  { deps }: Pushing,
  answer: Answer | undefined,
  digest: string,
  took: number,
): PushOutcome | undefined {
  if (answer === undefined) return undefined;
  const backend = backendOf(deps, answer, took);
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
    throw refusedToken();
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

async function settleFirst(
  { deps, exchange, request }: Pushing,
  intent: PushIntent,
  answer: Answer | undefined,
  hold: (until: Promise<unknown>) => void,
): Promise<ClientAnswer> {
  const failed = answer !== undefined && failedByItself(answer);
  const settled = await settledSoon(deps, exchange, intent, hold, failed ? 0 : undefined);
  if (settled?.type === 'push.accepted') return accepted(request, intent.subject.digest);
  if (failed && settled?.type === 'push.aborted') {
    return {
      status: answer.status,
      headers: headersToClient(answer.headers),
      body: Buffer.from(answer.bytes ?? []),
    };
  }
  throw new WardenError('OUTCOME_UNKNOWN');
}

/**
 * Whether the registry itself says that it failed, as docker-registry 2.8 does for manifests that it will not take: its
 * handler has ended then, and what it has not stored by now it will not store. An error of something on the way to it
 * says nothing, and bears no such header.
 */
function failedByItself({ status, headers }: Answer): boolean {
  return status >= 500 && headers['docker-distribution-api-version'] !== undefined;
}
