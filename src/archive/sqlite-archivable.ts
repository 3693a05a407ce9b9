/** The log in its SQLite file, beside a Warden that writes it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { archivedOf, entriesOf, setArchived } from '../provenance/archived-entries.ts';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { transaction } from '../store/transaction.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';
import { dataSource } from '../verify/source.ts';
import type { ArchivableLog } from './archivable-log.ts';

/** Rows that are deleted in one transaction. */
const BATCH = 16 * TILE_WIDTH;
const TIMEOUT_MS = 10_000;

/** @param folder the data folder. @throws {Error} with one sentence. */
export function openSqliteArchivable(folder: string): ArchivableLog {
  const file = join(folder, LOG_FILE);
  if (!existsSync(file)) throw new Error(`${file}: there is no such file`);
  const db = new DatabaseSync(file, { timeout: TIMEOUT_MS });
  // What is deleted is overwritten as well: it may have been archived because it must not stay.
  db.exec('PRAGMA synchronous=FULL; PRAGMA secure_delete=ON');
  const read = entriesOf(db);
  const lowest = (): number | undefined => {
    const idx = db.prepare('SELECT min(idx) AS idx FROM entry').get()?.['idx'];
    return typeof idx === 'number' ? idx : undefined;
  };
  return {
    size: async () => Number(db.prepare('SELECT size FROM head').get()?.['size']),
    entries: async (from, limit) => read(from, limit),
    archived: async () => archivedOf(db),
    setArchived: async (archived) => transaction(db, () => setArchived(db, archived)),
    holdsBelow: async (until) => (lowest() ?? until) < until,
    async takeOut(until) {
      const drop = db.prepare('DELETE FROM entry WHERE idx < ?');
      let taken = 0;
      for (let from = lowest() ?? until; from < until; from += BATCH) {
        transaction(db, () => {
          taken += Number(drop.run(Math.min(until, from + BATCH)).changes);
        });
      }
      return taken;
    },
    source: (tree) => dataSource(folder, tree),
    close: async () => db.close(),
  };
}
