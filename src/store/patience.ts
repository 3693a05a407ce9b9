/** Waits for an answer of the storage for so long and no longer: what was asked for may happen still. */
import type { Clock } from './clock.ts';
import type { StoreError } from './thread.ts';

export type Patience = <T>(answer: Promise<T>) => Promise<T>;

/** @returns a function that throws what `late` makes when the answer takes longer than `ms`. */
export function createPatience(clock: Pick<Clock, 'sleep'>, ms: number, late: () => StoreError): Patience {
  return async (answer) => {
    const answered = new AbortController();
    const waited = clock.sleep(ms, answered.signal).then(() => {
      throw late();
    });
    waited.catch(() => undefined);
    answer.catch(() => undefined);
    try {
      return await Promise.race([answer, waited]);
    } finally {
      answered.abort();
    }
  };
}
