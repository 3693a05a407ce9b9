/**
 * The times of the records of a log: whether they run back, where the clock was set, and how long nothing was recorded.
 * A clock that was set, and a silence, are no faults of a log; whoever looks for what somebody hid begins there. Pure.
 */

export interface ClockSet {
  readonly index: number;
  /** In milliseconds: forward, or with a minus back. */
  readonly byMs: number;
}

export interface Silence {
  /** The last record before it. */
  readonly index: number;
  readonly ms: number;
  /** Milliseconds since 1970: when it began. */
  readonly from: number;
}

export interface ClockReport {
  /** The first ones. */
  readonly sets: readonly ClockSet[];
  /** All that were found. */
  readonly found: number;
  /** The longest time between two records that stand one behind the other. */
  readonly silence: Silence | undefined;
}

export interface Timeline {
  /** In the order of the log. @param jump of a record that says that the clock was set. */
  add(
    index: number,
    time: number,
    jump: { readonly expected: number; readonly shown: number } | undefined,
  ): void;
  /** The records that come next are not there. */
  skip(): void;
  report(): ClockReport;
}

export interface TimelineOptions {
  readonly skewMs: number;
  readonly say: (index: number, sentence: string) => void;
}

const SHOWN = 20;

export function createTimeline({ skewMs, say }: TimelineOptions): Timeline {
  const sets: ClockSet[] = [];
  let found = 0;
  let silence: Silence | undefined;
  let latest = Number.NEGATIVE_INFINITY;
  /** Of the record before; undefined where it is not there, or the clock was set since. */
  let before: { readonly index: number; readonly time: number } | undefined;

  return {
    add(index, time, jump) {
      if (jump !== undefined) {
        found++;
        if (sets.length < SHOWN) sets.push({ index, byMs: jump.shown - jump.expected });
        // From here on the clock is another.
        latest = time;
        before = undefined;
        return;
      }
      if (latest - time > skewMs)
        say(index, `is ${Math.round((latest - time) / 1000)} seconds older than a record before it`);
      latest = Math.max(latest, time);
      const ms = before === undefined ? 0 : time - before.time;
      if (before !== undefined && ms > (silence?.ms ?? 0))
        silence = { index: before.index, ms, from: before.time };
      before = { index, time };
    },
    skip() {
      before = undefined;
    },
    report: () => ({ sets, found, silence }),
  };
}
