/**
 * The end of a long filling: what was put off is sorted in at once. In steps, each whole or not at all, so that one which is
 * cut off goes on at the next start.
 */
import type { DatabaseSync } from 'node:sqlite';
import { BULK } from '../filling/bulk.ts';
import type { All } from './rows.ts';
import { LATE_DIGESTS, LATE_INDEXES } from './schema.ts';
import { createAncestry } from './ways.ts';

/** The first of the steps: one for each of LATE_DIGESTS, then the relations of images, then one for each index. */
const SORTING = 2;

/** The step after `stage`; the caller holds the transaction. @returns the stage that was reached. */
export function finishStep(db: DatabaseSync, all: All, stage: number): number {
  if (stage === BULK.filling) return SORTING;
  const table = LATE_DIGESTS[stage - SORTING];
  if (table !== undefined) {
    db.exec(`INSERT INTO digest SELECT digest, idx, role FROM ${table} ORDER BY digest, role, idx;
             DELETE FROM ${table}`);
    return stage + 1;
  }
  const indexes = LATE_INDEXES.trim().split('\n');
  const at = stage - SORTING - LATE_DIGESTS.length;
  if (at === 0) createAncestry(db, all).relateLate();
  const index = indexes[at - 1];
  if (index !== undefined) db.exec(index);
  return at < indexes.length ? stage + 1 : BULK.none;
}

export function beginBulk(db: DatabaseSync): void {
  for (const [, name] of LATE_INDEXES.matchAll(/IF NOT EXISTS (\w+)/g))
    db.exec(`DROP INDEX IF EXISTS ${name}`);
}
