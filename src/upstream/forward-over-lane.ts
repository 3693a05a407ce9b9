/**
 * Moves one answer from the fast lane to the client: first its head, then its body without a copy.
 *
 * A chunk is read only when the client's kernel has taken the one before it, so a slow client costs one buffer and
 * nothing piles up. Either side going away releases the other at once; a body that ends early ends the client's
 * connection too, since half a blob must not look like a whole one.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { WardenError } from '../errors.ts';
import { answerHead } from './answer-head.ts';
import { atEndOfTurn } from './end-of-turn.ts';
import type { FastLane } from './fast-lane.ts';
import { type BegunAnswer, beginAnswer } from './fast-lane-answer.ts';
import { moveBody } from './fast-lane-body.ts';
import type { LaneSocket } from './fast-lane-socket.ts';
import type { Forward, Forwarded } from './forwarded.ts';

/**
 * @returns `odd` where nothing was sent to the client and the answer is one that node:http must read: ask again there.
 * @throws {WardenError} REGISTRY_UNAVAILABLE or REGISTRY_MISBEHAVED while nothing has been sent to the client.
 */
export async function forwardOverLane(
  lane: FastLane,
  registryUrl: URL,
  options: Forward & { readonly send: { readonly method: 'GET' | 'HEAD' } },
): Promise<Forwarded | 'odd'> {
  const { response, send } = options;
  const started = performance.now();
  const head = lane.headOf({ ...send, body: 'none' });
  const facts = { method: send.method, head, response, timeoutMs: options.responseTimeoutMs };
  let begun = await beginAnswer(lane, await takeSocket(lane, false, options), facts);
  if (begun.kind === 'stale') begun = await beginAnswer(lane, await takeSocket(lane, true, options), facts);
  if (begun.kind === 'odd') return 'odd';
  if (begun.kind !== 'begun') {
    throw new WardenError('REGISTRY_UNAVAILABLE', {
      cause: begun.kind === 'failed' ? begun.cause : undefined,
    });
  }
  const firstByteMs = performance.now() - started;
  const { status } = begun.head;
  let headers: OutgoingHttpHeaders;
  try {
    headers = answerHead(registryUrl, begun.head, options);
  } catch (error) {
    begun.socket?.destroy();
    throw error;
  }
  response.writeHead(status, headers);
  // docker-registry announces a blob's length with some refusals, and cuts: the status at least arrives.
  if (status >= 400 && begun.socket) response.flushHeaders();
  const { bytesOut, complete } = await deliver(lane, begun, options);
  return { status, bytesIn: 0, bytesOut, firstByteMs, totalMs: performance.now() - started, complete };
}

/** @throws {WardenError} REGISTRY_UNAVAILABLE where all connections stay in use. */
async function takeSocket(
  lane: FastLane,
  fresh: boolean,
  { responseTimeoutMs }: Forward,
): Promise<LaneSocket> {
  try {
    return await lane.take(fresh, responseTimeoutMs);
  } catch (cause) {
    throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
  }
}

/** @returns when the client has it all, or is gone. */
function deliver(
  lane: FastLane,
  begun: BegunAnswer,
  { response, idleTimeoutMs }: Forward,
): Promise<Pick<Forwarded, 'bytesOut' | 'complete'>> {
  if (begun.socket) return moveBody(lane, begun.socket, begun, response, idleTimeoutMs);
  return new Promise((resolve) => {
    response.once('close', () =>
      resolve({ bytesOut: begun.first.length, complete: response.writableFinished }),
    );
    atEndOfTurn(() => response.end(begun.first));
  });
}
