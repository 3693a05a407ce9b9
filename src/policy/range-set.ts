/** Sets of addresses as sorted intervals: exact to compare, and found in by halving. */
import type { AddressNumber, Range } from './address.ts';

/** Of one family: the intervals in order, with gaps between them. Both ends are inside. */
interface Intervals {
  readonly starts: readonly bigint[];
  readonly ends: readonly bigint[];
}

/** IPv4 numbers fit into plain ones, which are many times as fast to compare. */
interface SmallIntervals {
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

export interface RangeSet {
  readonly v4: SmallIntervals;
  readonly v6: Intervals;
}

export function rangeSet(ranges: readonly Range[]): RangeSet {
  const v4: Interval<number>[] = [];
  const v6: Interval<bigint>[] = [];
  for (const { family, value, bits } of ranges) {
    if (family === 4) v4.push([Number(value), Number(value) + 2 ** (32 - bits) - 1]);
    else v6.push([value, value + (1n << BigInt(128 - bits)) - 1n]);
  }
  return Object.freeze({ v4: merged(v4, 1), v6: merged(v6, 1n) });
}

type Interval<T> = readonly [start: T, end: T];

/** Overlapping and touching ones become one, so that what several ranges hold together is seen. */
function merged<T extends number | bigint>(
  intervals: readonly Interval<T>[],
  one: T,
): { readonly starts: readonly T[]; readonly ends: readonly T[] } {
  const sorted = intervals.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const starts: T[] = [];
  const ends: T[] = [];
  for (const [start, end] of sorted) {
    const last = ends.at(-1);
    // The numbers and the bigints are not mixed; the compiler cannot know.
    if (last === undefined || start > (((last as bigint) + (one as bigint)) as T)) {
      starts.push(start);
      ends.push(end);
    } else if (end > last) {
      ends[ends.length - 1] = end;
    }
  }
  return { starts, ends };
}

export function hasAddress({ v4, v6 }: RangeSet, address: AddressNumber): boolean {
  if (typeof address === 'number') {
    const at = lastNotAbove(v4.starts, address);
    return at >= 0 && (v4.ends[at] ?? -1) >= address;
  }
  const at = lastNotAbove(v6.starts, address);
  return at >= 0 && (v6.ends[at] ?? -1n) >= address;
}

/** Index of the last entry that is not above `value`; -1 where all are. */
function lastNotAbove<T extends number | bigint>(sorted: readonly T[], value: T): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as T) <= value)
      low = middle + 1; // `middle` is below the length
    else high = middle;
  }
  return low - 1;
}

/** True if every address of `inner` is in `outer`. Exact, since intervals of a set do not touch. */
export function holdsAll(outer: RangeSet, inner: RangeSet): boolean {
  return covers(outer.v4, inner.v4) && covers(outer.v6, inner.v6);
}

function covers<T extends number | bigint>(
  outer: { readonly starts: readonly T[]; readonly ends: readonly T[] },
  inner: { readonly starts: readonly T[]; readonly ends: readonly T[] },
): boolean {
  return inner.starts.every((start, index) => {
    const at = lastNotAbove(outer.starts, start);
    const end = inner.ends[index];
    const limit = outer.ends[at];
    return end !== undefined && limit !== undefined && limit >= end;
  });
}

/** True if no address is in both. */
export function apart(a: RangeSet, b: RangeSet): boolean {
  return disjoint(a.v4, b.v4) && disjoint(a.v6, b.v6);
}

function disjoint<T extends number | bigint>(
  a: { readonly starts: readonly T[]; readonly ends: readonly T[] },
  b: { readonly starts: readonly T[]; readonly ends: readonly T[] },
): boolean {
  return a.starts.every((start, index) => {
    const end = a.ends[index] as T; // as many ends as starts
    const at = lastNotAbove(b.starts, end);
    const last = b.ends[at];
    return last === undefined || last < start;
  });
}
