/** Reads a small body whole, within a bound. */
import type { IncomingMessage } from 'node:http';
import { WardenError } from '../errors.ts';

const NO_ROOM = {
  sentence: 'too many manifests are being received at once; try again',
  headers: { 'Retry-After': '5' },
};

/**
 * @param limit in bytes.
 * @param timeoutMs for the whole of it.
 * @throws {WardenError} BODY_TOO_LARGE as soon as more than `limit` has come or is announced; REQUEST_STALLED when it did
 *   not come in time; REQUEST_MALFORMED when the client went away before the end; TOO_MANY_REQUESTS where `hasRoom` says no.
 * @param hasRoom asked for the bytes of each piece before it is kept.
 */
export function readBody(
  request: IncomingMessage,
  limit: number,
  timeoutMs: number,
  hasRoom: (bytes: number) => boolean = () => true,
): Promise<Buffer> {
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
      else if (!hasRoom(chunk.length)) end(new WardenError('TOO_MANY_REQUESTS', NO_ROOM));
      else chunks.push(chunk);
    }
    request.on('data', take);
    request.once('end', () => end());
    request.once('error', () =>
      end(new WardenError('REQUEST_MALFORMED', { sentence: 'the body was cut short' })),
    );
  });
}
