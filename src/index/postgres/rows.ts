/** Many rows in one statement. */
import type { Ask } from '../../store/postgres.ts';

export type Cell = number | string | Uint8Array | null;

/** Types of columns in PostgreSQL, by their names. */
export type Columns = Readonly<Record<string, 'integer' | 'bigint' | 'smallint' | 'text' | 'bytea'>>;

/**
 * Runs a statement with `rows` where it says `$rows`: columns by these names, in the order of the rows, each with its place
 * as `at` from 1 on. Nothing is asked where there are none.
 */
export async function withRows<R extends Readonly<Record<string, unknown>>>(
  ask: Ask,
  statement: string,
  columns: Columns,
  rows: readonly (readonly Cell[])[],
): Promise<readonly R[]> {
  if (rows.length === 0) return [];
  const names = Object.keys(columns);
  const arrays = Object.values(columns).map((type, at) => `$${at + 1}::${type}[]`);
  const source = `unnest(${arrays.join(', ')}) WITH ORDINALITY AS rows(${names.join(', ')}, at)`;
  return ask<R>(
    statement.replace('$rows', source),
    names.map((_, column) => rows.map((row) => row[column] ?? null)),
  );
}

/** Inserts rows in their order; `conflict` says what becomes of those that are there. */
export async function insert(
  ask: Ask,
  { table, columns, conflict = '' }: { table: string; columns: Columns; conflict?: string },
  rows: readonly (readonly Cell[])[],
): Promise<void> {
  const names = Object.keys(columns).join(', ');
  await withRows(
    ask,
    `INSERT INTO ${table} AS old (${names}) SELECT ${names} FROM $rows ORDER BY at ${conflict}`,
    columns,
    rows,
  );
}
