/** The beginning and the end of a listener. */
import type { Server } from 'node:http';
import { WardenError } from '../errors.ts';

/** Milliseconds between two looks for connections that have become idle during a stop. */
const SWEEP_MS = 100;

/** @throws {WardenError} with the sentence for a start that fails. */
export function listen(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
  key: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE: 'the address is in use by another process',
        EACCES: 'this user may not listen there',
        EADDRNOTAVAIL: 'this machine has no such address',
      };
      const sentence = `${key}: cannot listen on ${host} port ${port}: ${why[error.code ?? ''] ?? error.code}`;
      reject(new WardenError('INTERNAL', { sentence, cause: error }));
    });
    server.listen(port, host, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

/** No new connections; what is under way has `graceMs`. */
export async function drain(server: Server, graceMs: number): Promise<void> {
  const ended = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // A client keeps its connection when its upload is done, and would hold the stop up for as long.
  const sweeping = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await ended;
  clearInterval(sweeping);
  clearTimeout(timer);
}
