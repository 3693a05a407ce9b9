/** The WHERE of a question: fixed text with `?`, and what is bound to it. Values never become part of the text. */
import type { SQLInputValue } from 'node:sqlite';

export interface Conditions {
  /** `sql` is our own text, with one `?` for each value. */
  add(sql: string, ...values: readonly SQLInputValue[]): void;
  /** ` WHERE …`, or nothing where there is no condition. */
  where(): string;
  readonly values: readonly SQLInputValue[];
}

export function createConditions(): Conditions {
  const parts: string[] = [];
  const values: SQLInputValue[] = [];
  return {
    add(sql, ...bound) {
      parts.push(`(${sql})`);
      values.push(...bound);
    },
    where: () => (parts.length === 0 ? '' : ` WHERE ${parts.join(' AND ')}`),
    values,
  };
}

/** The least text that is greater than every text with this prefix, for names of ASCII. */
export function afterPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
