/**
 * The thread of decisions.db: the refusals of the last days with all their facts, by the id that the refused person read.
 * Bounded by age and number; a power cut may cost the last seconds.
 */
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { transaction } from '../store/transaction.ts';

export interface DecisionsOptions {
  readonly file: string;
  /** For a command beside a running server: questions only. */
  readonly readOnly?: boolean;
}

export interface DecisionRow {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** The digest of the policy that decided. */
  readonly policy: string;
  /** A question as JSON. */
  readonly question: string;
}

export const DECISIONS_FILE = 'decisions.db';
/** In milliseconds. */
export const KEPT_MS = 14 * 86_400_000;
export const KEPT_ROWS = 100_000;

const SCHEMA = `
  CREATE TABLE decision (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time INTEGER NOT NULL, policy TEXT NOT NULL, question TEXT NOT NULL
  ) STRICT;
`;

export function open({ file, readOnly }: DecisionsOptions): Operations {
  const db = openDatabase({
    file,
    called: 'the decisions of the last days (it can be deleted, and is made again)',
    version: 1,
    schema: SCHEMA,
    synchronous: 'NORMAL',
    pageSize: 4096,
    timeoutMs: 5_000,
    readOnly: readOnly ?? false,
  });
  const one = db.prepare('SELECT id, time, policy, question FROM decision WHERE id = ?');

  /** All of them or none; then what is too old or too many goes. */
  function add({ rows, now }: { rows: readonly DecisionRow[]; now: number }): void {
    const insert = db.prepare(
      'INSERT OR IGNORE INTO decision (id, time, policy, question) VALUES (?, ?, ?, ?)',
    );
    transaction(db, () => {
      for (const { id, time, policy, question } of rows) insert.run(id, time, policy, question);
      const newest = Number(db.prepare('SELECT max(seq) AS seq FROM decision').get()?.['seq'] ?? 0);
      // Rows are in the order of time, so the old ones stand first. More at a time than ever come at once, and no more.
      db.prepare(
        'DELETE FROM decision WHERE seq IN (SELECT seq FROM decision ORDER BY seq LIMIT 20000) AND (seq <= ? OR time < ?)',
      ).run(newest - KEPT_ROWS, now - KEPT_MS);
    });
  }

  return {
    together: oneByOne({ add, find: ({ id }: { id: string }) => one.get(id) && { ...one.get(id) } }),
    close: () => db.close(),
  };
}
