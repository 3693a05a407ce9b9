/**
 * Lists records, newest first, from whichever filter leaves the fewest; the others are checked on what it gives.
 *
 * The work for one call is bounded: where the filters together leave hardly anything of much, it ends early and says how
 * far it came.
 */

import { NAMES } from '../common/kinds.ts';
import { allOf, type Condition, condition, listOf, type Plan, select } from '../common/plan.ts';
import { among } from './among.ts';
import type { RecordFilters, RecordQuestion, RecordRows } from './filters.ts';
import { conditionsOf } from './find-conditions.ts';
import { idsOfNames } from './names.ts';
import { placeOf } from './places.ts';
import { answerOf, NAME, type Place, ROW } from './record-rows.ts';
import { stepOf, walked } from './walked.ts';

/** Records of several names together that are simply sorted, and as many again for each name, since each is looked for once. */
const SORT_LIMIT = 2_000;
/** Of more names every record is looked at, rather than each name looked for. */
const NAMES_LIMIT = 5_000;

export function* find({ filters, limit, before, hidden, only }: RecordQuestion): Plan<RecordRows> {
  const place = yield* placeOf(filters, before);
  if (place.high <= place.low) return { rows: [], reached: undefined };
  const wanted = yield* conditionsOf(filters, only);
  if (wanted === undefined) return { rows: [], reached: undefined };
  const residual = [...wanted.residual];
  if (hidden !== undefined && hidden.length > 0) {
    const { ids } = yield* idsOfNames(NAMES.repository, hidden);
    residual.push(condition(`r.repo IS NULL OR r.repo NOT IN (${listOf(ids)})`));
  }
  const { driver } = wanted;
  if (driver.kind === 'rows') return yield* sorted(driver.condition, residual, place, limit);
  if (driver.kind === 'walk') return yield* walked(driver, residual, place, limit);
  const { column, ids, records } = driver;
  if (records <= SORT_LIMIT + 2 * ids.length)
    return yield* sorted(condition(`r.${column} IN (${listOf(ids)})`), residual, place, limit);
  if (ids.length <= NAMES_LIMIT) return yield* among(driver, residual, place, limit);
  const one = condition(`+r.${column} IN (${listOf(ids)})`);
  return yield* walked({ table: 'record', keys: [] }, [...residual, one], place, limit);
}

/** The same as one statement that gives the newest indexes of the driver, and what is to be checked on each. */
export function* rowsOf(
  filters: RecordFilters,
  limit: number,
): Plan<{ readonly inner: Condition; readonly check: Condition } | undefined> {
  const { low, high } = yield* placeOf(filters, undefined);
  const wanted = yield* conditionsOf(filters);
  if (wanted === undefined || high <= low) return undefined;
  const { driver } = wanted;
  const check = allOf(wanted.residual);
  if (driver.kind === 'walk') return { inner: stepOf(driver, low, high, limit), check };
  const few =
    driver.kind === 'rows' ? driver.condition : condition(`r.${driver.column} IN (${listOf(driver.ids)})`);
  const where = allOf([few, condition('+r.idx >= ? AND +r.idx < ?', low, high)]);
  return {
    inner: condition(`SELECT r.idx FROM record r WHERE ${where.sql} LIMIT ?`, ...where.values, limit),
    check,
  };
}

/** Few enough to be taken all, whatever their order. The `+` keeps a database from walking the whole table in order instead. */
function* sorted(
  few: Condition,
  residual: readonly Condition[],
  { low, high }: Place,
  limit: number,
): Plan<RecordRows> {
  const where = allOf([few, condition('+r.idx >= ? AND +r.idx < ?', low, high), ...residual]);
  const rows = yield* select(
    `${ROW} FROM record r ${NAME} WHERE ${where.sql} ORDER BY +r.idx DESC LIMIT ?`,
    ...[...where.values, limit],
  );
  return answerOf(rows, limit);
}
