/** How lists of records are read: what they select, and what becomes of a row. */

import { type Condition, numberOf, type Row } from '../common/plan.ts';
import type { RecordRow, RecordRows } from './filters.ts';

export interface Place {
  /** Records from here on, and below `high`. */
  readonly low: number;
  readonly high: number;
}

export const ROW = 'SELECT r.idx, r.time, n.text AS repository';
export const NAME = 'LEFT JOIN name n ON n.id = r.repo';

/** Rows that are looked at in one call, about: more takes longer than a reader waits. */
export const SCAN_LIMIT = 20_000;

/** Of the records whose indexes `inner` gives as `idx`, those that fit, newest first. */
export function checkedRows(inner: Condition, check: Condition, limit: number): Condition {
  return {
    sql: `${ROW} FROM (${inner.sql}) AS d CROSS JOIN record r ${NAME} WHERE r.idx = d.idx AND ${check.sql} ORDER BY r.idx DESC LIMIT ?`,
    values: [...inner.values, ...check.values, limit],
  };
}

export function answerOf(found: readonly Row[], limit: number): RecordRows {
  const rows = found.map(rowOf);
  return { rows, reached: rows.length < limit ? undefined : rows.at(-1)?.index };
}

export function rowOf({ idx, time, repository }: Row): RecordRow {
  return { index: numberOf(idx), time: numberOf(time), repository: String(repository ?? '') };
}
