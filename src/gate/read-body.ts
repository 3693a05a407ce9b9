/** Reads a small body whole, within a bound. */
import type { IncomingMessage } from 'node:http';
import { WardenError } from '../errors.ts';

/** Milliseconds for the whole of a small body: a client that takes longer holds memory and does not mean it. */
const BODY_MS = 60_000;

/**
 * @param limit in bytes.
 * @throws {WardenError} BODY_TOO_LARGE as soon as more than `limit` has come or is announced; REQUEST_MALFORMED when the
 *   client went away or stalled before the end.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const tooLarge = new WardenError('BODY_TOO_LARGE', { sentence: `the body is larger than ${limit} bytes` });
  if (announced > limit) return Promise.reject(tooLarge);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(
      () => end(new WardenError('REQUEST_MALFORMED', { sentence: 'the body did not come in time' })),
      BODY_MS,
    );
    function end(error?: WardenError): void {
      clearTimeout(timer);
      request.off('data', take);
      if (error) reject(error);
      else resolve(Buffer.concat(chunks));
    }
    function take(chunk: Buffer): void {
      size += chunk.length;
      if (size > limit) end(tooLarge);
      else chunks.push(chunk);
    }
    request.on('data', take);
    request.once('end', () => end());
    request.once('error', () =>
      end(new WardenError('REQUEST_MALFORMED', { sentence: 'the body was cut short' })),
    );
  });
}
