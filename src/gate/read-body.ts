/** Reads a small body whole, within a bound. */
import type { IncomingMessage } from 'node:http';
import { WardenError } from '../errors.ts';

/**
 * @param limit in bytes.
 * @param timeoutMs for the whole of it.
 * @throws {WardenError} BODY_TOO_LARGE as soon as more than `limit` has come or is announced; REQUEST_STALLED when it did
 *   not come in time; REQUEST_MALFORMED when the client went away before the end.
 */
export function readBody(request: IncomingMessage, limit: number, timeoutMs: number): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  const tooLarge = new WardenError('BODY_TOO_LARGE', { sentence: `the body is larger than ${limit} bytes` });
  if (announced > limit) return Promise.reject(tooLarge);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => end(new WardenError('REQUEST_STALLED')), timeoutMs);
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
