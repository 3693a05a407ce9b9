import { setTimeout as sleep } from 'node:timers/promises';

/** Looks again until it is so. @throws with what was seen last when that takes too long. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  isSo: (seen: T) => boolean,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (isSo(seen)) return seen;
    if (Date.now() > deadline)
      throw new Error(`this did not change in ${timeoutMs} ms: ${JSON.stringify(seen)}`);
    await sleep(50);
  }
}
