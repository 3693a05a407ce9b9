/** Where in the log a record stands, by its id. A plan. */
import { numberOf, type Plan, select } from './plan.ts';

export interface FoundEntry {
  readonly index: number;
  /** '' where it is of none. */
  readonly repository: string;
}

/** @returns the bytes of a UUID; undefined for what is none. */
export function idKey(id: string): Uint8Array | undefined {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return undefined;
  return Buffer.from(id.replaceAll('-', ''), 'hex');
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
