/** Moves a body from a connection of the fast lane to the client: read, write, and read on when the kernel took it. */
import type { ServerResponse } from 'node:http';
import type { FastLane } from './fast-lane.ts';
import { type BegunAnswer, release } from './fast-lane-answer.ts';
import { type LaneSocket, OWN_BYTES } from './fast-lane-socket.ts';
import { watchPace } from './pace.ts';

/** A client that takes longer than this for one chunk, in milliseconds, gets small ones: many such must not hold much. */
const SLOW_MS = 50;
/**
 * In bytes: what a slow client must have taken without such a wait until it gets large chunks again. More than the
 * kernel's buffers hold, since they take that much from any client at once.
 */
const FAST_AGAIN_BYTES = 8 * 1024 * 1024;

export interface MovedBody {
  readonly bytesOut: number;
  readonly complete: boolean;
}

/**
 * @param begun whose `first` lies in the connection's buffer.
 * @param idleTimeoutMs in which something must have moved (see pace.ts), whichever side it is that does not move.
 * @returns when the client has it all, or is gone.
 */
export function moveBody(
  lane: FastLane,
  socket: LaneSocket,
  { head, first, large: given }: BegunAnswer,
  response: ServerResponse,
  idleTimeoutMs: number,
): Promise<MovedBody> {
  return new Promise((resolve) => {
    let left = head.bodyBytes;
    let bytesOut = 0;
    /** The large buffer that is read into, if any. */
    let large = given;
    /** A large one that is not read into any more, and of which the client's kernel is still taking. */
    let leaving: Buffer | undefined;
    let writing = { bytes: 0, since: 0 };
    /** Taken without a wait since the last wait; every client begins as a fast one. */
    let fastBytes = FAST_AGAIN_BYTES;
    let released = false;
    const pace = watchPace(idleTimeoutMs, cut);

    function cut(): void {
      if (!released) socket.destroy();
      released = true;
      response.destroy();
    }

    function chooseBuffer(): void {
      const wanted = left > OWN_BYTES && fastBytes >= FAST_AGAIN_BYTES;
      if (wanted && large === undefined) {
        large = lane.buffers.take();
        socket.readInto(large);
      } else if (!wanted && large !== undefined) {
        leaving = large;
        large = undefined;
        socket.readInto('own');
      }
    }

    function write(chunk: Buffer): void {
      writing = { bytes: chunk.length, since: performance.now() };
      bytesOut += chunk.length;
      response.write(chunk, taken);
    }

    /** The kernel has the chunk; its buffer is free again. */
    function taken(error: Error | null | undefined): void {
      if (error) return;
      pace.moved(writing.bytes);
      fastBytes = performance.now() - writing.since > SLOW_MS ? 0 : fastBytes + writing.bytes;
      if (leaving) lane.buffers.give(leaving);
      leaving = undefined;
      if (left === 0) response.end();
      else if (!released) socket.resume();
    }

    socket.attach({
      bytes(chunk) {
        const taking = Math.min(chunk.length, left);
        const clean = head.keepAlive && taking === chunk.length;
        left -= taking;
        if (left > 0) {
          chooseBuffer();
          return write(chunk);
        }
        const last = socket.keep(chunk.subarray(0, taking));
        leaving = large;
        large = undefined;
        released = true;
        release(lane, socket, clean);
        write(last);
      },
      gone: cut,
    });
    function end(): void {
      pace.stop();
      if (!released) socket.destroy();
      released = true;
      resolve({ bytesOut, complete: response.writableFinished });
    }
    if (response.closed) return end();
    response.once('close', end);
    left -= first.length;
    if (first.length > 0) write(first);
    else socket.resume();
  });
}
