/**
 * Lists records, newest first, from whichever filter leaves the fewest; the others are checked on what it gives.
 *
 * The work for one call is bounded: where the filters together leave hardly anything of much, it ends early and says how
 * far it came.
 */
import type { RecordFilters, RecordQuestion, RecordRow, RecordRows } from './filters.ts';
import { conditionsOf, type Driver } from './find-conditions.ts';
import { NAMES } from './kinds.ts';
import { idsOfNames } from './names.ts';
import { allOf, type Condition, condition, listOf, numberOf, type Plan, type Row, select } from './plan.ts';

/** Rows that are taken from a driver at once, and in one call at most. */
const STEP = 2_000;
const SCAN_LIMIT = 20_000;
/** Records of several names together that are simply sorted. */
const SORT_LIMIT = 20_000;
/** Names that are merged by their newest records. */
const MERGE_LIMIT = 5_000;

interface Place {
  /** Records from here on, and below `high`. */
  readonly low: number;
  readonly high: number;
}

export function* find({ filters, limit, before, hidden }: RecordQuestion): Plan<RecordRows> {
  const place = yield* placeOf(filters, before);
  if (place.high <= place.low) return { rows: [], reached: undefined };
  const wanted = yield* conditionsOf(filters);
  if (wanted === undefined) return { rows: [], reached: undefined };
  const residual = [...wanted.residual];
  if (hidden !== undefined && hidden.length > 0) {
    const { ids } = yield* idsOfNames(NAMES.repository, hidden);
    residual.push(condition(`r.repo IS NULL OR r.repo NOT IN (${listOf(ids)})`));
  }
  const { driver } = wanted;
  if (driver.kind === 'rows') return yield* sorted(driver.condition, residual, place, limit);
  if (driver.kind === 'set') {
    if (driver.records <= SORT_LIMIT) {
      return yield* sorted(
        condition(`r.${driver.column} IN (${listOf(driver.ids)})`),
        residual,
        place,
        limit,
      );
    }
    if (residual.length === 0 && driver.ids.length <= MERGE_LIMIT) return yield* merged(driver, place, limit);
    const among = condition(`+r.${driver.column} IN (${listOf(driver.ids)})`);
    return yield* walked({ table: 'record', keys: [] }, [...residual, among], place, limit);
  }
  return yield* walked(driver, residual, place, limit);
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

/**
 * A time as a range of indexes, which is wider where the clock was set back: the times themselves are checked besides.
 */
function* placeOf({ since, until }: RecordFilters, before: number | undefined): Plan<Place> {
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
  return Math.floor(time / 3_600_000);
}

const ROW = 'SELECT r.idx, r.time, n.text AS repository';
const NAME = 'LEFT JOIN name n ON n.id = r.repo';

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

/** The newest records of many names: those of the names that have the newest ones. */
function* merged(
  { column, ids }: Extract<Driver, { kind: 'set' }>,
  { low, high }: Place,
  limit: number,
): Plan<RecordRows> {
  const tops = yield* select(
    `SELECT id, top FROM (
       SELECT id, (SELECT max(r.idx) FROM record r WHERE r.${column} = name.id AND r.idx < ?) AS top
       FROM ${column === 'tag' ? 'tag' : 'name'} AS name WHERE id IN (${listOf(ids)})
     ) AS t WHERE top >= ? ORDER BY top DESC LIMIT ?`,
    ...[high, low, limit],
  );
  if (tops.length === 0) return { rows: [], reached: undefined };
  const found: number[] = [];
  // A compound of at most 100 parts: databases have limits there.
  for (let at = 0; at < tops.length; at += 100) {
    const part = tops.slice(at, at + 100).map(({ id }) => numberOf(id));
    const rows = yield* select(
      part
        .map(
          (id) =>
            `SELECT idx FROM (SELECT idx FROM record WHERE ${column} = ${id} AND idx >= ? AND idx < ? ORDER BY idx DESC LIMIT ?) AS t${id}`,
        )
        .join(' UNION ALL '),
      ...part.flatMap(() => [low, high, limit]),
    );
    found.push(...rows.map(({ idx }) => numberOf(idx)));
  }
  const newest = found.sort((one, other) => other - one).slice(0, limit);
  const rows = yield* select(
    `${ROW} FROM record r ${NAME} WHERE r.idx IN (${listOf(newest)}) ORDER BY r.idx DESC`,
  );
  return answerOf(rows, limit);
}

type Walk = Pick<Extract<Driver, { kind: 'walk' }>, 'table' | 'keys'>;

/** Down an ordered index, a step at a time. */
function* walked(
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
  for (let scanned = 0; scanned < SCAN_LIMIT; scanned += STEP) {
    const inner = stepOf(driver, low, top, STEP);
    const found = yield* select(
      `${ROW} FROM (${inner.sql}) AS d CROSS JOIN record r ${NAME} WHERE r.idx = d.idx AND ${check.sql} ORDER BY r.idx DESC LIMIT ?`,
      ...[...inner.values, ...check.values, limit - rows.length],
    );
    rows.push(...found.map(rowOf));
    if (rows.length === limit) return { rows, reached: rows.at(-1)?.index };
    const [end] = yield* select(
      `SELECT min(idx) AS idx, count(*) AS n FROM (${inner.sql}) AS d`,
      ...inner.values,
    );
    if (numberOf(end?.['n']) < STEP) return { rows, reached: undefined };
    top = numberOf(end?.['idx']);
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

function answerOf(found: readonly Row[], limit: number): RecordRows {
  const rows = found.map(rowOf);
  return { rows, reached: rows.length < limit ? undefined : rows.at(-1)?.index };
}

function rowOf({ idx, time, repository }: Row): RecordRow {
  return { index: numberOf(idx), time: numberOf(time), repository: String(repository ?? '') };
}
