/**
 * What is done with a body that nobody wants any more, because its request has been answered already.
 *
 * Closing while it is still coming would reset the connection, and the client would see that instead of the answer. So
 * the answer goes out whole first, then the body is read and dropped, and only then is the answer ended.
 */
import type { IncomingMessage } from 'node:http';

/** What is read and dropped of one body. A client that ignores an answer for longer is cut off. */
const DRAIN_BYTES = 32 * 1024 * 1024;
const DRAIN_MS = 10_000;

/** @returns when the body has ended, or its client is gone, or so much of it was dropped that it is enough. Never rejects. */
export function drainBody(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.readableEnded || request.destroyed) return resolve();
    let drained = 0;
    const timer = setTimeout(finish, DRAIN_MS);
    function finish(): void {
      clearTimeout(timer);
      resolve();
    }
    request.on('data', (chunk: Buffer) => {
      drained += chunk.length;
      if (drained > DRAIN_BYTES) finish();
    });
    request.once('end', finish);
    request.once('close', finish);
    request.resume();
  });
}
