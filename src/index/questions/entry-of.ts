/** Where in the log a record stands, by its id. A plan. */
import { idKey } from '../common/id-key.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';

export interface FoundEntry {
  readonly index: number;
  /** '' where it is of none. */
  readonly repository: string;
}

/** The first that has it. */
export function* entryOf({ id }: { readonly id: string }): Plan<FoundEntry | undefined> {
  const key = idKey(id);
  if (key === undefined) return undefined;
  const [row] = yield* select(
    `SELECT i.idx, n.text AS repository FROM (SELECT idx FROM record_id WHERE id = ? ORDER BY idx LIMIT 1) AS i
     CROSS JOIN record r LEFT JOIN name n ON n.id = r.repo WHERE r.idx = i.idx`,
    key,
  );
  return row && { index: numberOf(row['idx']), repository: String(row['repository'] ?? '') };
}
