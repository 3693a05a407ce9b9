/** Several statements of SQLite as one: all of them, durably, or none. */
import type { DatabaseSync } from 'node:sqlite';

/** Immediate, so that a second process that writes waits before anything was read. @throws what `work` or SQLite throws. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite may have ended it by itself, as on a full disk.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}
