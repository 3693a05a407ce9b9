/** From the name of a label to the sets of labels that have it. Plans. */
import { NAMES } from '../common/kinds.ts';
import { mayHave } from '../common/label-set.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';
import type { Numbers } from './names.ts';

/** Past this many sets nothing is known by them. */
const SETS_LIMIT = 5_000;

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
  const fitting = rows.filter(({ text }) => mayHave(String(text), name, has));
  return {
    ids: fitting.map(({ id }) => numberOf(id)),
    records: fitting.reduce((sum, { records }) => sum + numberOf(records), 0),
  };
}
