/** The WHERE of a question: fixed text with `?`, and what is bound to it. Values never become part of the text. */
import type { SQLInputValue } from 'node:sqlite';

export interface Conditions {
  /** `sql` is our own text, with one `?` for each value. */
  add(sql: string, ...values: readonly SQLInputValue[]): void;
  /**
   * A name that fits a pattern with `*`. Without a star it is an equality; otherwise the names are narrowed by what stands
   * before the first one, and `fits`, an SQL expression of the caller's, decides on the rest.
   */
  addPattern(column: string, pattern: string, fits: string): void;
  /** ` WHERE …`, or nothing where there is no condition. */
  where(): string;
  readonly values: readonly SQLInputValue[];
}

export function createConditions(): Conditions {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  function add(sql: string, ...bound: readonly SQLInputValue[]): void {
    parts.push(`(${sql})`);
    values.push(...bound);
  }
  return {
    add,
    addPattern(column, pattern, fits) {
      const prefix = pattern.split('*', 1)[0] ?? '';
      if (prefix === pattern) {
        add(`${column} = ?`, pattern);
        return;
      }
      if (prefix !== '') add(`${column} >= ? AND ${column} < ?`, prefix, afterPrefix(prefix));
      add(fits);
    },
    where: () => (parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`),
    values,
  };
}

/** The least text that is greater than every text with this prefix, for names of ASCII. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}

/** The same text with `$1`, `$2`, …, as PostgreSQL wants it. It must hold no other question mark. */
export function numbered(sql: string): string {
  let count = 0;
  return sql.replaceAll('?', () => `$${++count}`);
}
