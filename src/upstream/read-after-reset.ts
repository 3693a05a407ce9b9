/**
 * Lets an answer be read that came before the connection was reset.
 *
 * A registry that refuses an upload answers at once and closes while the body is still coming; the kernel then has the
 * answer, and the next write fails. Node ends a socket whose write failed, with what could still be read from it. Here
 * such a write counts as done, whatever is written later is dropped, and the connection is read to its end.
 */
import type { Socket } from 'node:net';

/** Milliseconds in which the rest must have been read; it is in the kernel's buffers already. */
const REST_MS = 1_000;

type Done = (error?: Error | null) => void;

/** To be called before anything is written. */
export function readAfterReset(socket: Socket): void {
  const write = socket._write.bind(socket);
  const writeMany = socket._writev?.bind(socket);
  let broken: Error | undefined;

  function reading(done: Done): Done {
    return (error) => {
      const { code } = (error ?? {}) as NodeJS.ErrnoException;
      if (socket.destroyed || !error || (code !== 'EPIPE' && code !== 'ECONNRESET')) return done(error);
      broken = error;
      const timer = setTimeout(() => socket.destroy(broken), REST_MS);
      socket.once('close', () => clearTimeout(timer));
      return done();
    };
  }

  socket._write = (chunk, encoding, done: Done) => {
    if (broken) done();
    else write(chunk, encoding, reading(done));
  };
  if (writeMany === undefined) return;
  socket._writev = (chunks, done: Done) => {
    if (broken) done();
    else writeMany(chunks, reading(done));
  };
}
