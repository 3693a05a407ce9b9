/** From times to places in the log. A plan. */

import { HOUR_MS } from '../common/kinds.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';
import type { RecordFilters } from './filters.ts';
import type { Place } from './record-rows.ts';

/**
 * A time as a range of indexes, which is wider where the clock was set back: the times themselves are checked besides.
 */
export function* placeOf({ since, until }: RecordFilters, before: number | undefined): Plan<Place> {
  let [low, high] = [0, before ?? Number.MAX_SAFE_INTEGER];
  if (since !== undefined) {
    const [row] = yield* select('SELECT min(first_idx) AS idx FROM span WHERE hour >= ?', hourOf(since));
    low = row?.['idx'] == null ? high : numberOf(row['idx']);
  }
  if (until !== undefined) {
    const [row] = yield* select('SELECT max(last_idx) AS idx FROM span WHERE hour <= ?', hourOf(until));
    high = row?.['idx'] == null ? 0 : Math.min(high, numberOf(row['idx']) + 1);
  }
  return { low, high };
}

function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS);
}
