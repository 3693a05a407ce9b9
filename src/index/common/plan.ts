/**
 * A question to the index as a plan: it yields statements, is handed their rows, and returns the answer.
 *
 * So the questions are written once, without I/O, and each database runs them in its own way: SQLite one after the other
 * in a thread, another one over a connection. The SQL is what both understand, with `?` for each value.
 */
import type { SQLInputValue } from 'node:sqlite';

export type Value = Exclude<SQLInputValue, bigint | NodeJS.TypedArray | DataView> | Uint8Array;
export type Row = Readonly<Record<string, Value | undefined>>;

export interface Statement {
  readonly sql: string;
  readonly values: readonly Value[];
}

export type Plan<T> = Generator<Statement, T, readonly Row[]>;

/** Rows of one statement. */
export function* select(sql: string, ...values: readonly Value[]): Plan<readonly Row[]> {
  return yield { sql, values };
}

/** Runs a plan where rows are there at once. */
export function runPlan<T>(plan: Plan<T>, all: (statement: Statement) => readonly Row[]): T {
  for (let step = plan.next(); ; ) {
    if (step.done) return step.value;
    step = plan.next(all(step.value));
  }
}

/** A part of a WHERE: our own text with a `?` for each value, which never becomes part of the text. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

export function condition(sql: string, ...values: readonly Value[]): Condition {
  return { sql, values };
}

/** `(a) AND (b)`, with their values in order; TRUE where there is none. */
export function allOf(conditions: readonly Condition[]): Condition {
  if (conditions.length === 0) return condition('TRUE');
  return {
    sql: conditions.map(({ sql }) => `(${sql})`).join(' AND '),
    values: conditions.flatMap(({ values }) => values),
  };
}

/** Ids of ours, which are numbers: as text, since no database takes thousands of values. None has the number -1. */
export function listOf(ids: readonly number[]): string {
  return (ids.length === 0 ? [-1] : ids).map((id) => Math.trunc(id)).join(', ');
}

/** A column that the statement's author knows to be a number. */
export function numberOf(value: Value | undefined): number {
  return Number(value);
}
