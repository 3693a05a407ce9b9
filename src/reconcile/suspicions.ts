/**
 * Differences that were seen once, and are looked at again when a push that was under way would be settled. Bounded: what
 * does not find room is looked at before anything new is.
 */
import { RecordBusy } from '../provenance/record-errors.ts';
import type { Clock } from '../store/clock.ts';
import { type Comparing, type Difference, referenceOf, type Thing, type Unreadable } from './compare.ts';

export interface Suspicions {
  /** To be looked at again when the settling time is over. @returns false where there is no room. */
  add(thing: Thing): boolean;
  size(): number;
  /** Looks at those whose time has come, and answers what was recorded. @throws what the comparison throws. */
  settle(): Promise<Settlement>;
  /** Milliseconds until the first one's time comes; undefined where there is none. */
  nextInMs(): number | undefined;
}

export interface Settlement {
  readonly differences: readonly (Difference | Unreadable)[];
  /** Could not be compared: a push or deletion of it is not settled. */
  readonly skipped: number;
}

export interface SuspicionsDeps {
  readonly clock: Clock;
  readonly comparing: Comparing;
  /** Before each look at the registry: bounds how many there are in a second. */
  pace(): Promise<void>;
  readonly settleMs: number;
  readonly limit: number;
}

export function createSuspicions({ clock, comparing, pace, settleMs, limit }: SuspicionsDeps): Suspicions {
  /** In the order in which their time comes. */
  const waiting = new Map<string, { readonly thing: Thing; readonly due: number }>();

  const keyOf = ({ repo, reference }: Thing): string => `${repo} ${referenceOf(reference)}`;

  function first(): { readonly thing: Thing; readonly due: number } | undefined {
    return waiting.values().next().value;
  }

  return {
    add(thing) {
      const key = keyOf(thing);
      if (waiting.has(key)) return true;
      if (waiting.size >= limit) return false;
      waiting.set(key, { thing, due: clock.elapsed() + settleMs });
      return true;
    },
    size: () => waiting.size,
    async settle() {
      const differences: (Difference | Unreadable)[] = [];
      let skipped = 0;
      for (let next = first(); next && next.due <= clock.elapsed(); next = first()) {
        await pace();
        try {
          differences.push(...(await comparing.record(next.thing)));
        } catch (error) {
          // Of something that is under way for so long nothing can be said, and it settles by itself.
          if (error instanceof RecordBusy) skipped++;
          else if (await comparing.isUnreadable(error)) differences.push(unreadable(next.thing));
          else throw error;
        }
        waiting.delete(keyOf(next.thing));
      }
      return { differences, skipped };
    },
    nextInMs() {
      const next = first();
      return next && Math.max(0, next.due - clock.elapsed());
    },
  };
}

export function unreadable({ repo, reference }: Thing): Unreadable {
  return { type: 'unreadable', repo, reference: referenceOf(reference) };
}
