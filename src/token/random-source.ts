/** Random bytes in small pieces: asking the system for each piece costs ten times as much as the piece. */
import { randomBytes, randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;

/** @returns a source of cryptographically strong bytes, each of which is given once. For what is no secret afterwards: ids. */
export function createRandomSource(): (bytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let next = POOL_BYTES;
  return (bytes) => {
    if (bytes > POOL_BYTES) return randomBytes(bytes);
    if (bytes > POOL_BYTES - next) {
      randomFillSync(pool);
      next = 0;
    }
    next += bytes;
    return pool.slice(next - bytes, next);
  };
}
