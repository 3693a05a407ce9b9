/** Images by all their layers together. A plan. */
import { digestKey, digestOf } from '../common/digest-key.ts';
import { NAMES, ROLES } from '../common/kinds.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';

/** Pushes of one chain id that are looked at, and different images of them that are told: the latest. */
const ROWS = 64;
const IMAGES = 8;

/**
 * The records of the latest images of the longest chain that any has; one a different image.
 *
 * @param chains chain ids, from the longest to the shortest.
 */
export function* imagesOfChain({ chains }: { readonly chains: readonly string[] }): Plan<readonly number[]> {
  for (const chain of chains) {
    const key = digestKey(chain);
    if (key === undefined) continue;
    const rows = yield* select(
      `SELECT r.idx, r.digest FROM (
         SELECT idx FROM digest WHERE digest = ? AND role = ${ROLES.chain} ORDER BY idx DESC LIMIT ${ROWS}
       ) AS d CROSS JOIN record r CROSS JOIN name t
       WHERE r.idx = d.idx AND t.id = r.type AND t.kind = ${NAMES.type} AND t.text = 'push.accepted'
       ORDER BY r.idx DESC`,
      key,
    );
    const latest = new Map<string, number>();
    for (const { idx, digest } of rows) {
      const image = digest instanceof Uint8Array ? digestOf(digest) : '';
      if (!latest.has(image)) latest.set(image, numberOf(idx));
    }
    if (latest.size > 0) return [...latest.values()].slice(0, IMAGES);
  }
  return [];
}
