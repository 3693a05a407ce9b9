/** A statement of a plan in the form of PostgreSQL: numbered places, each with its type. */

import type { Plan, Row, Statement, Value } from '../common/plan.ts';
import { indexText } from './index-text.ts';

export interface Numbered {
  readonly text: string;
  readonly values: readonly Value[];
}

export function numbered({ sql, values }: Statement): Numbered {
  let at = 0;
  // A text between quotes is ours, and has no place for a value.
  const text = sql.replace(/'[^']*'|\?/g, (found) => {
    if (found !== '?') return found;
    const value = values[at++];
    return `$${at}${typeOf(value)}`;
  });
  if (at !== values.length) throw new Error(`${at} places for ${values.length} values`);
  return { text, values: values.map((value) => (typeof value === 'string' ? indexText(value) : value)) };
}

/** Said, since a place for a number beside a column of four bytes would otherwise take no greater one. */
function typeOf(value: Value | undefined): string {
  if (typeof value === 'number') return '::bigint';
  if (typeof value === 'string') return '::text';
  return value instanceof Uint8Array ? '::bytea' : '';
}

/** Runs a plan where rows take a while. */
export async function runPlanSlowly<T>(
  plan: Plan<T>,
  all: (statement: Statement) => Promise<readonly Row[]>,
): Promise<T> {
  for (let step = plan.next(); ; ) {
    if (step.done) return step.value;
    step = plan.next(await all(step.value));
  }
}
