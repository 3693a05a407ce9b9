/** Whether a manifest came into a repository through Warden. A plan. */
import { digestKey } from '../common/digest-key.ts';
import { NAMES, ROLES } from '../common/kinds.ts';
import { type Plan, select } from '../common/plan.ts';

/** Exactly the manifest: an index that names it as a child, or an image as its configuration, does not count. */
export function* accepted({
  repository,
  digest,
}: {
  readonly repository: string;
  readonly digest: string;
}): Plan<boolean> {
  const key = digestKey(digest);
  if (key === undefined) return false;
  const rows = yield* select(
    `SELECT g.idx FROM digest g CROSS JOIN record r CROSS JOIN name n CROSS JOIN name t
     WHERE g.digest = ? AND g.role = ${ROLES.manifest} AND r.idx = g.idx AND n.id = r.repo AND n.text = ?
       AND t.id = r.type AND t.kind = ${NAMES.type} AND t.text = 'push.accepted' LIMIT 1`,
    ...[key, repository],
  );
  return rows.length > 0;
}
