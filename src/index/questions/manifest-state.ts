/** What the record last said of a manifest. A plan. */
import { digestKey } from '../common/digest-key.ts';
import { NAMES, ROLES } from '../common/kinds.ts';
import { type Plan, select } from '../common/plan.ts';

/** `there`: pushed or found; `gone`: deleted or missing; `unknown`: no record is about it. */
export type ManifestState = 'there' | 'gone' | 'unknown';

const STATES: Readonly<Record<string, ManifestState>> = {
  'push.accepted': 'there',
  'manifest.found': 'there',
  'manifest.deleted': 'gone',
  'manifest.missing': 'gone',
};
const TYPES = Object.keys(STATES)
  .map((type) => `'${type}'`)
  .join(', ');

/** Of exactly the manifest: an index that names it as a child does not count. */
export function* manifestState({
  repository,
  digest,
}: {
  readonly repository: string;
  readonly digest: string;
}): Plan<ManifestState> {
  const key = digestKey(digest);
  if (key === undefined) return 'unknown';
  const [row] = yield* select(
    `SELECT t.text AS type FROM digest d CROSS JOIN record r CROSS JOIN name n CROSS JOIN name t
     WHERE d.digest = ? AND d.role = ${ROLES.manifest} AND r.idx = d.idx AND n.id = r.repo AND n.text = ?
       AND t.id = r.type AND t.kind = ${NAMES.type} AND t.text IN (${TYPES}) ORDER BY d.idx DESC LIMIT 1`,
    ...[key, repository],
  );
  return STATES[String(row?.['type'])] ?? 'unknown';
}
