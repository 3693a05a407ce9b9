/** Records down an ordered index, a step at a time. Plans. */

import { allOf, type Condition, condition, numberOf, type Plan, select } from '../common/plan.ts';
import type { RecordRow, RecordRows } from './filters.ts';
import type { Driver } from './find-conditions.ts';
import { answerOf, checkedRows, NAME, type Place, ROW, rowOf, SCAN_LIMIT } from './record-rows.ts';

/** Rows of the largest step. */
const LARGEST_STEP = 4_000;
const GROWTH = 4;

type Walk = Pick<Extract<Driver, { kind: 'walk' }>, 'table' | 'keys'>;

/**
 * The first step is as long as a page whose every second row fits, and each further one is longer: all rows of a step are
 * checked before the newest of them is known.
 */
export function* walked(
  driver: Walk,
  residual: readonly Condition[],
  { low, high }: Place,
  limit: number,
): Plan<RecordRows> {
  if (residual.length === 0) {
    const inner = stepOf(driver, low, high, limit);
    const rows = yield* select(
      `${ROW} FROM (${inner.sql}) AS d CROSS JOIN record r ${NAME} WHERE r.idx = d.idx ORDER BY r.idx DESC`,
      ...inner.values,
    );
    return answerOf(rows, limit);
  }
  const rows: RecordRow[] = [];
  const check = allOf(residual);
  let top = high;
  let step = Math.min(LARGEST_STEP, limit * 2);
  for (let scanned = 0; scanned < SCAN_LIMIT; ) {
    const inner = stepOf(driver, low, top, step);
    const { sql, values } = checkedRows(inner, check, limit - rows.length);
    rows.push(...(yield* select(sql, ...values)).map(rowOf));
    if (rows.length === limit) return { rows, reached: rows.at(-1)?.index };
    const [end] = yield* select(
      `SELECT min(idx) AS idx, count(*) AS n FROM (${inner.sql}) AS d`,
      ...inner.values,
    );
    if (numberOf(end?.['n']) < step) return { rows, reached: undefined };
    top = numberOf(end?.['idx']);
    scanned += step;
    step = Math.min(LARGEST_STEP, step * GROWTH);
  }
  return { rows, reached: top };
}

/** The newest indexes of a driver between two places, at most `limit`. */
export function stepOf({ table, keys }: Walk, low: number, high: number, limit: number): Condition {
  const [only, ...more] = (keys.length === 0 ? [condition('TRUE')] : keys).map((key) => {
    const where = allOf([key, condition('idx >= ? AND idx < ?', low, high)]);
    return condition(
      `SELECT idx FROM ${table} WHERE ${where.sql} ORDER BY idx DESC LIMIT ?`,
      ...[...where.values, limit],
    );
  });
  if (only === undefined || more.length === 0) return only ?? condition('SELECT idx FROM record LIMIT 0');
  const parts = [only, ...more];
  return condition(
    `SELECT DISTINCT idx FROM (${parts.map(({ sql }, at) => `SELECT idx FROM (${sql}) AS k${at}`).join(' UNION ALL ')}) AS u
     ORDER BY idx DESC LIMIT ?`,
    ...[...parts.flatMap(({ values }) => values), limit],
  );
}
