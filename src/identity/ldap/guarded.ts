/**
 * What a directory server sends, in small pieces and no more than is allowed.
 *
 * The library reads messages that came together one within the other, and thousands of tiny ones in one piece would end
 * the process; it keeps whatever length a message announces, and that would fill the memory.
 */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { DirectoryFailure } from './failure.ts';

export interface Guarded {
  /** Open from the beginning; destroying it closes the socket. */
  readonly stream: Duplex & { readonly readyState: 'open' };
  /** Begins to count anew. */
  allow(): void;
}

/** The least message has seven bytes: a thousand readings at most within one another. */
const PIECE_BYTES = 8192;

/** @param limit in bytes, since the last `allow`. */
export function guard(socket: Socket, limit: number): Guarded {
  let received = 0;
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  socket.on('data', (data) => {
    received += data.length;
    if (received > limit)
      return void duplex.destroy(new DirectoryFailure(`an answer of more than ${limit} bytes`));
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      if (!duplex.push(data.subarray(at, at + PIECE_BYTES))) socket.pause();
    }
  });
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
