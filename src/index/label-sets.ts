/** Which labels a record has, by their names alone: there are few such sets, so a record has the number of its own. Plans. */
import { NAMES } from './kinds.ts';
import type { Numbers } from './names.ts';
import { numberOf, type Plan, select } from './plan.ts';

/** In bytes, so that every database has room for it in an index. What is longer is not a set that others have too. */
const LONGEST = 1_000;
/** Stands for every set that is longer: what is in it is for the record to say. */
const MANY = '*';
/** Past this many sets nothing is known by them. */
const SETS_LIMIT = 5_000;

export function labelSet(labels: Readonly<Record<string, string>>): string {
  const text = JSON.stringify(Object.keys(labels).sort());
  return Buffer.byteLength(text) > LONGEST ? MANY : text;
}

/**
 * Sets that have a label of this name, or lack it. Those of which it is not known are in both.
 *
 * @returns undefined where there are too many sets.
 */
export function* setsWith(name: string, has: boolean): Plan<Numbers | undefined> {
  const rows = yield* select(
    'SELECT id, text, records FROM name WHERE kind = ? LIMIT ?',
    ...[NAMES.labels, SETS_LIMIT + 1],
  );
  if (rows.length > SETS_LIMIT) return undefined;
  const fitting = rows.filter(({ text }) => {
    if (text === MANY) return true;
    return (JSON.parse(String(text)) as readonly string[]).includes(name) === has;
  });
  return {
    ids: fitting.map(({ id }) => numberOf(id)),
    records: fitting.reduce((sum, { records }) => sum + numberOf(records), 0),
  };
}
