/**
 * What a directory server sends, message by message, each well-formed, and no more than is allowed.
 *
 * The library reads messages that came together one within the other, and thousands of tiny ones would end the process; it
 * keeps whatever length a message announces, and that would fill the memory; and over a message whose parts do not fill it,
 * it may read for ever.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { frameOf, isWellFormed, SEQUENCE } from './ber.ts';
import { DirectoryFailure } from './failure.ts';

export interface Guarded {
  /** Open from the beginning; destroying it closes the socket. What can be read of it are whole messages. */
  readonly stream: Duplex & { readonly readyState: 'open' };
  /** Begins to count anew. */
  allow(): void;
}

/** @param limit in bytes, since the last `allow`. */
export function guard(socket: Socket, limit: number): Guarded {
  let received = 0;
  let pending: Buffer = Buffer.alloc(0);
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });

  /** Hands over the messages that have come whole. @returns why the rest is not worth waiting for. */
  function take(): string | undefined {
    let at = 0;
    for (;;) {
      if (at < pending.length && pending[at] !== SEQUENCE) return 'a message that cannot be read';
      const frame = frameOf(pending, at);
      if (frame === 'unreadable') return 'a message that cannot be read';
      if (frame !== 'more' && frame.end - at > limit) return `an answer of more than ${limit} bytes`;
      if (frame === 'more' || frame.end > pending.length) break;
      const message = pending.subarray(at, frame.end);
      if (!isWellFormed(message)) return 'a message that cannot be read';
      if (!duplex.push(message)) socket.pause();
      at = frame.end;
    }
    pending = pending.subarray(at);
    return undefined;
  }

  socket.on('data', (data) => {
    if (duplex.destroyed) return;
    received += data.length;
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    const fault = received > limit ? `an answer of more than ${limit} bytes` : take();
    if (fault !== undefined) duplex.destroy(new DirectoryFailure(fault));
  });
  // Until the library listens, an error that nobody hears would end the process.
  duplex.on('error', () => undefined);
  socket.on('end', () => void duplex.push(null));
  socket.on('error', (error) => void duplex.destroy(error));
  socket.on('close', () => void duplex.destroy());
  return {
    stream: Object.assign(duplex, { readyState: 'open' as const }),
    allow() {
      received = 0;
    },
  };
}
