/** A time of whole days as few spans of the lengths that are counted. Pure. */
import { LEVELS } from '../common/kinds.ts';

/** Spans number `from` up to, not including, `to`, each of 2 to the power of `level` days. */
export interface DaySpans {
  readonly level: number;
  readonly from: number;
  readonly to: number;
}

/** Days since 1970: from `from` on, before `to`. Each is in exactly one of the answer. */
export function spansOf(from: number, to: number): readonly DaySpans[] {
  return within(from, Math.max(from, to), LEVELS.length - 1).filter((one) => one.from < one.to);
}

function within(from: number, to: number, at: number): readonly DaySpans[] {
  const level = LEVELS[at] ?? 0;
  const days = 2 ** level;
  const [first, end] = [Math.ceil(from / days), Math.floor(to / days)];
  if (at === 0) return [{ level, from, to }];
  if (first >= end) return within(from, to, at - 1);
  return [
    ...within(from, first * days, at - 1),
    { level, from: first, to: end },
    ...within(end * days, to, at - 1),
  ];
}

/** The end of the longest span that a day, or the one before it, is in. */
export function endOfLongest(day: number): number {
  const days = 2 ** Math.max(...LEVELS);
  return Math.ceil(day / days) * days;
}
