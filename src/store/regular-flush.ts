/** Writes what gathers in memory at a steady pace, one write at a time, so that nobody waits for it. */
import type { Clock } from './clock.ts';

export interface RegularFlush {
  /** Writes now, or joins the write that is under way. */
  flush(): Promise<void>;
  /** Whether a write is under way. */
  flushing(): boolean;
  /** Ends the pace, and writes what is left. Idempotent. */
  close(): Promise<void>;
}

/**
 * @param everyMs between the end of a write and the next.
 * @param write must never reject: what cannot be written stays, or is dropped, as its owner has it.
 */
export function startRegularFlush(clock: Clock, everyMs: number, write: () => Promise<void>): RegularFlush {
  const ending = new AbortController();
  let flushing: Promise<void> | undefined;

  function flush(): Promise<void> {
    flushing ??= write().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(everyMs, ending.signal);
      await flush();
    }
  }
  const beating = beat();

  return {
    flush,
    flushing: () => flushing !== undefined,
    async close() {
      ending.abort();
      await beating;
      await flush();
    },
  };
}
