/** Time as the rooms with files take it, so that a test can stand still or jump. */
import { setTimeout as wait } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since 1970, by the machine's clock: it can be set back. */
  now(): number;
  /** Milliseconds since some moment, which no change of the machine's clock moves. For how long something took. */
  elapsed(): number;
  /** Fulfilled after `ms`, or at once when the signal is aborted; never rejected. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's clock. Its sleeps do not keep a process alive. */
export const systemClock: Clock = {
  now: Date.now,
  elapsed: () => performance.now(),
  sleep: (ms, signal) =>
    // Rejected only by the signal, which means the same here: no more waiting.
    wait(ms, undefined, { ref: false, ...(signal === undefined ? {} : { signal }) }).catch(() => undefined),
};

/** RFC 3339 in UTC with milliseconds, the one form of a time in a record. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}
