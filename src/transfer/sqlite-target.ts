/** Fills a log in its SQLite file. */
import { IMPORTING, openForWriting } from '../provenance/log-thread.ts';
import { transaction } from '../store/transaction.ts';
import { type LogTarget, NOT_EMPTY, OTHER_IMPORT } from './log-target.ts';

/** @throws {Error} with one sentence, also while a Warden writes it. */
export function openSqliteTarget(folder: string): LogTarget {
  const { db, lock } = openForWriting({ folder });
  const importing = (): unknown =>
    db.prepare('SELECT value FROM meta WHERE key = ?').get(IMPORTING)?.['value'];
  const size = (): number => Number(db.prepare('SELECT size FROM head').get()?.['size']);

  return {
    async begin(root) {
      const found = importing();
      if (found === root) return size();
      if (found !== undefined) throw new Error(OTHER_IMPORT);
      const open = Number(db.prepare('SELECT count(*) AS n FROM intent').get()?.['n']);
      if (size() > 0 || open > 0) throw new Error(NOT_EMPTY);
      transaction(db, () => db.prepare('INSERT INTO meta VALUES (?, ?)').run(IMPORTING, root));
      return 0;
    },
    async add(from, entries) {
      const insert = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
      transaction(db, () => {
        for (const [at, entry] of entries.entries()) insert.run(from + at, entry);
        db.prepare('UPDATE head SET size = ?').run(from + entries.length);
      });
    },
    async end(tags) {
      const insert = db.prepare('INSERT INTO tag (repo, tag, idx, digest) VALUES (?, ?, ?, ?)');
      transaction(db, () => {
        for (const { repo, tag, index, digest } of tags) insert.run(repo, tag, index, digest ?? null);
        db.prepare('DELETE FROM meta WHERE key = ?').run(IMPORTING);
      });
    },
    async close() {
      db.close();
      lock.close();
    },
  };
}
