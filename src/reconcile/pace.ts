/** So many a second at most, one after the other, whoever asks: comparing must not take the registry from those who pull. */
import type { Clock } from '../store/clock.ts';

/** @returns what is awaited before each of them. Fulfilled at once when the signal is aborted. */
export function createPace(clock: Clock, perSecond: number, signal: AbortSignal): () => Promise<void> {
  const everyMs = 1000 / perSecond;
  let free = 0;
  return async function pace() {
    const now = clock.elapsed();
    const mine = Math.max(now, free);
    free = mine + everyMs;
    if (mine > now) await clock.sleep(mine - now, signal);
  };
}
