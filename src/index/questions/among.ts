/**
 * Records of several names together, newest first: window by window of indexes, of which each holds so few of them that
 * they are simply sorted. A plan.
 *
 * A window begins as wide as a page should need, were the names' records spread evenly over the log; a wider one follows
 * where they are not.
 */

import { allOf, type Condition, condition, listOf, numberOf, type Plan, select } from '../common/plan.ts';
import type { RecordRow, RecordRows } from './filters.ts';
import type { Driver } from './find-conditions.ts';
import { checkedRows, type Place, rowOf, SCAN_LIMIT } from './record-rows.ts';

type SetDriver = Extract<Driver, { kind: 'set' }>;

const NARROWEST = 256;
const GROWTH = 4;
/** Records of the names in one window: of more a narrower one is taken. */
const HELD_LIMIT = 4_000;
/** In a window with fewer indexes for each name, or of names that most records have, looking at every record costs less. */
const DENSE = 4;

export function* among(
  driver: SetDriver,
  residual: readonly Condition[],
  { low, high }: Place,
  limit: number,
): Plan<RecordRows> {
  const [last] = yield* select('SELECT max(idx) AS idx FROM record');
  const size = numberOf(last?.['idx'] ?? -1) + 1;
  const rows: RecordRow[] = [];
  const check = allOf(residual);
  let top = Math.min(high, size);
  let width = Math.max(NARROWEST, Math.ceil((2 * limit * size) / Math.max(1, driver.records)));
  for (let looked = 0; top > low; ) {
    const bottom = Math.max(low, top - width);
    const dense = 2 * driver.records >= size || width <= driver.ids.length * DENSE;
    const inner = heldIn(driver, dense, bottom, top);
    // Where every record is looked at, how many there are is known.
    const held = dense ? top - bottom : yield* heldCount(inner);
    looked += held;
    if (held > HELD_LIMIT && width > NARROWEST) {
      width = Math.max(NARROWEST, Math.floor(width / GROWTH));
      continue;
    }
    if (held > 0) {
      const { sql, values } = checkedRows(inner, check, limit - rows.length);
      rows.push(...(yield* select(sql, ...values)).map(rowOf));
      if (rows.length === limit) return { rows, reached: rows.at(-1)?.index };
    }
    top = bottom;
    if (looked >= SCAN_LIMIT && top > low) return { rows, reached: top };
    if (held <= HELD_LIMIT / GROWTH) width *= GROWTH;
  }
  return { rows, reached: undefined };
}

/** The indexes of a window that have one of the names. The order of the join is what keeps a database from going through all. */
function heldIn({ column, ids }: SetDriver, dense: boolean, bottom: number, top: number): Condition {
  if (dense) {
    return condition(
      `SELECT x.idx FROM record x WHERE x.idx >= ? AND x.idx < ? AND +x.${column} IN (${listOf(ids)})`,
      ...[bottom, top],
    );
  }
  return condition(
    `SELECT x.idx FROM (VALUES ${ids.map((id) => `(${Math.trunc(id)})`).join(', ')}) AS v CROSS JOIN record x
     WHERE x.${column} = v.column1 AND x.idx >= ? AND x.idx < ?`,
    ...[bottom, top],
  );
}

function* heldCount({ sql, values }: Condition): Plan<number> {
  const [row] = yield* select(`SELECT count(*) AS n FROM (${sql}) AS d`, ...values);
  return numberOf(row?.['n']);
}
