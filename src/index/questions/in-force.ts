/** Which moves of tags still say what their tag shows. A plan. */
import { NAMES } from '../common/kinds.ts';
import { listOf, numberOf, type Plan, select } from '../common/plan.ts';

/**
 * Of records of accepted pushes with a tag: those whose manifest the tag's last move shows too. That can be a later push of
 * the same manifest. Where a manifest was deleted by its digest, its tags went along, which this does not see.
 */
export function* inForce({ indexes }: { readonly indexes: readonly number[] }): Plan<readonly number[]> {
  const rows = yield* select(
    `SELECT r.idx FROM record r CROSS JOIN tag t CROSS JOIN record m CROSS JOIN name n
     WHERE r.idx IN (${listOf(indexes)}) AND t.id = r.tag AND m.idx = t.moved_idx AND m.digest = r.digest
       AND n.id = m.type AND n.kind = ${NAMES.type} AND n.text = 'push.accepted'
     ORDER BY r.idx DESC`,
  );
  return rows.map(({ idx }) => numberOf(idx));
}
