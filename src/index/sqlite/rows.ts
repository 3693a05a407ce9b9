/** How SQLite runs the statements of a plan. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Row, Statement } from '../common/plan.ts';

export type All = (statement: Statement) => readonly Row[];

const STATEMENTS = 500;
/** Letters of a statement that is kept. A longer one has a list of its own, and does not come again. */
const KEPT = 4_000;

/** Statements are prepared once; those that hold lists of numbers come and go. */
export function preparedAll(db: DatabaseSync): All {
  const known = new Map<string, StatementSync>();

  function prepared(sql: string): StatementSync {
    const before = known.get(sql);
    if (before) return before;
    const statement = db.prepare(sql);
    if (sql.length > KEPT) return statement;
    const [oldest] = known.keys();
    if (known.size >= STATEMENTS && oldest !== undefined) known.delete(oldest);
    known.set(sql, statement);
    return statement;
  }

  // Its columns are what the statement's author says; SQLite has no other values than those of a Row.
  return ({ sql, values }) => prepared(sql).all(...values) as readonly Row[];
}
