/** Hints that a tag or manifest may have changed: looked at one after the other, within bounds, and forgotten at the end. */
import type { Clock } from '../store/clock.ts';
import { type Comparing, type Difference, referenceOf, type Thing } from './compare.ts';
import type { Suspicions } from './suspicions.ts';

export interface Hints {
  /** Returns at once and never throws. What finds no room is dropped: the next comparison of everything sees it. */
  take(things: readonly Thing[]): void;
  dropped(): number;
  close(): Promise<void>;
}

export interface HintsDeps {
  readonly clock: Clock;
  readonly comparing: Comparing;
  readonly suspicions: Suspicions;
  /** Before each look at the registry. */
  pace(): Promise<void>;
  onDifference(difference: Difference): void;
  /** Registry or record did not answer. Must not throw. */
  onFailure(error: unknown): void;
}

const LIMIT = 10_000;
/** Milliseconds between two looks at what waits. */
const LOOK_MS = 250;
/** Milliseconds after a failure. */
const PAUSE_MS = 5_000;

export function createHints(deps: HintsDeps): Hints {
  const { clock, comparing, suspicions } = deps;
  const ending = new AbortController();
  const waiting = new Map<string, Thing>();
  let dropped = 0;

  const keyOf = ({ repo, reference }: Thing): string => `${repo} ${referenceOf(reference)}`;

  async function look(): Promise<void> {
    for (const [key, thing] of waiting) {
      if (ending.signal.aborted) return;
      await deps.pace();
      // A hint that comes meanwhile is about a later moment.
      const differs = await differ(thing);
      if (waiting.get(key) === thing) waiting.delete(key);
      if (differs && !suspicions.add(thing)) dropped++;
    }
    const { differences } = await suspicions.settle();
    for (const difference of differences) if (difference.type !== 'unreadable') deps.onDifference(difference);
  }

  /** What the registry itself cannot read is for the comparison of everything to tell. */
  async function differ(thing: Thing): Promise<boolean> {
    try {
      return await comparing.differ(thing);
    } catch (error) {
      if (await comparing.isUnreadable(error)) return false;
      throw error;
    }
  }

  async function work(): Promise<void> {
    while (!ending.signal.aborted) {
      await clock.sleep(LOOK_MS, ending.signal);
      if (ending.signal.aborted) return;
      try {
        await look();
      } catch (error) {
        deps.onFailure(error);
        await clock.sleep(PAUSE_MS, ending.signal);
      }
    }
  }
  const working = work();

  return {
    take(things) {
      for (const thing of things) {
        const key = keyOf(thing);
        if (waiting.size < LIMIT || waiting.has(key)) waiting.set(key, thing);
        else dropped++;
      }
    },
    dropped: () => dropped,
    async close() {
      ending.abort();
      await working;
    },
  };
}
