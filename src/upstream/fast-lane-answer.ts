/** Sends a request over a connection of the fast lane and waits for the head of its answer. */
import type { ServerResponse } from 'node:http';
import { atEndOfTurn } from './end-of-turn.ts';
import type { FastLane } from './fast-lane.ts';
import { type AnswerHead, readAnswerHead } from './fast-lane-head.ts';
import { type LaneSocket, OWN_BYTES } from './fast-lane-socket.ts';

export interface LaneRequest {
  readonly method: 'GET' | 'HEAD';
  /** As FastLane.headOf gives it. */
  readonly head: string;
  /** The client's side: when it goes away, the request is given up. */
  readonly response: ServerResponse;
  /** Until the whole head of the answer is there. */
  readonly timeoutMs: number;
}

/** The head is there, and with it the first bytes of the body, or all of them. */
export interface BegunAnswer {
  readonly kind: 'begun';
  readonly head: AnswerHead;
  readonly first: Buffer;
  /** Where the rest of the body will come from, paused; `first` lies in its buffer. Undefined where `first` is all. */
  readonly socket: LaneSocket | undefined;
  /** The large buffer that the connection reads into from now on, where much is to come. */
  readonly large: Buffer | undefined;
}

/**
 * stale: a connection that was used before ended without a byte, so the request was never answered and may be repeated.
 * odd: there is an answer, and it is one for node:http.
 */
export type Beginning =
  | BegunAnswer
  | { readonly kind: 'stale' }
  | { readonly kind: 'odd' }
  | { readonly kind: 'failed'; readonly cause: Error };

const STALE: Beginning = { kind: 'stale' };
const ODD: Beginning = { kind: 'odd' };
const NONE = Buffer.alloc(0);

/** Never rejects. Whatever the outcome, the connection is then back on the lane, ended, or in the answer. */
export function beginAnswer(lane: FastLane, socket: LaneSocket, request: LaneRequest): Promise<Beginning> {
  const { method, head, response, timeoutMs } = request;
  return new Promise((resolve) => {
    let earlier = NONE;
    let settled = false;
    const timer = setTimeout(() => fail(new Error('the registry did not answer in time')), timeoutMs);

    function settle(outcome: Beginning): void {
      settled = true;
      clearTimeout(timer);
      response.off('close', clientGone);
      resolve(outcome);
    }
    function fail(cause: Error): void {
      socket.destroy();
      settle({ kind: 'failed', cause });
    }
    function clientGone(): void {
      fail(new Error('the client went away'));
    }

    response.once('close', clientGone);
    socket.attach({
      bytes(chunk) {
        const bytes = earlier.length === 0 ? chunk : Buffer.concat([earlier, chunk]);
        const reading = readAnswerHead(bytes, method);
        if (reading.kind === 'partial') {
          earlier = Buffer.from(bytes);
          socket.resume();
        } else if (reading.kind === 'odd') {
          socket.destroy();
          settle(ODD);
        } else settle(beginBody(lane, socket, reading, bytes.subarray(reading.headBytes)));
      },
      gone(error) {
        const ended = error ?? new Error('the registry closed the connection before it answered');
        if (socket.reused && earlier.length === 0) settle(STALE);
        else fail(ended);
      },
    });
    if (response.closed) clientGone();
    else {
      atEndOfTurn(() => {
        if (!settled) socket.write(head);
      });
    }
  });
}

function beginBody(lane: FastLane, socket: LaneSocket, head: AnswerHead, rest: Buffer): BegunAnswer {
  if (rest.length < head.bodyBytes) {
    const large = head.bodyBytes - rest.length > OWN_BYTES ? lane.buffers.take() : undefined;
    if (large) socket.readInto(large);
    return { kind: 'begun', head, first: rest, socket, large };
  }
  const first = head.bodyBytes === 0 ? NONE : socket.keep(rest.subarray(0, head.bodyBytes));
  release(lane, socket, head.keepAlive && rest.length === head.bodyBytes);
  return { kind: 'begun', head, first, socket: undefined, large: undefined };
}

/** After the last byte of an answer. `clean`: it may be used again, and nothing came after that byte. */
export function release(lane: FastLane, socket: LaneSocket, clean: boolean): void {
  if (clean) lane.keep(socket);
  else socket.destroy();
}
