/**
 * What images were built on, directly and through others, worked out once when their records are indexed: so the question
 * is one look into a table, however long the chain is. A plan: some statements for a whole batch.
 */

import type { Plan } from '../common/plan.ts';
import type { Built } from './built.ts';
import { type Ancestor, createWays, type Image, keyText, knownWays, type Way } from './known-ways.ts';

/** A chain that names itself, or never ends, is cut. */
const FARTHEST = 32;
const MOST = 256;

/**
 * @param batch in the order of the log, next to what was related before. Table `digest` has all of its records, and table
 * `built` what was built before it.
 * @returns the new rows in their order; of two for the same image and base the first one counts.
 */
export function* relate(batch: readonly Built[]): Plan<readonly Way[]> {
  const known = yield* knownWays(batch);
  const ways = createWays(known);
  for (const { idx, repo, digest, bases } of batch) {
    const images = new Map<number, { readonly image: Image; readonly found: Map<number, Ancestor> }>();
    const own: Image = { idx, key: keyText(digest), repo };
    for (const base of bases) {
      // The image that another manifest vouches for, where it is on record; otherwise that manifest stands for it.
      const image = (base.of === undefined ? undefined : known.vouched(base.of, idx)) ?? own;
      const found = images.get(image.idx)?.found ?? new Map<number, Ancestor>();
      images.set(image.idx, { image, found });
      for (const one of ancestorsOf(base, ways.through(base.digest, idx))) {
        const shorter = found.get(one.base);
        if (one.distance > FARTHEST || found.size >= MOST || (shorter && shorter.distance <= one.distance))
          continue;
        found.set(one.base, one);
      }
    }
    for (const { image, found } of images.values()) {
      for (const one of found.values()) ways.add(image, repo, one);
    }
    // Images that named this one as their base before it was on record itself.
    const self = known.selves.get(idx);
    if (self === undefined) continue;
    for (const later of ways.builtOn(self)) {
      if (later.image.idx === idx) continue;
      for (const { base, distance, claimed } of images.get(idx)?.found.values() ?? []) {
        ways.add(later.image, later.image.repo, {
          base,
          distance: Math.min(FARTHEST, distance + later.distance),
          claimed: Math.max(claimed, later.claimed),
        });
      }
    }
  }
  return ways.added;
}

function ancestorsOf(base: Built['bases'][number], further: readonly Ancestor[]): readonly Ancestor[] {
  const claimed = Number(base.claimed);
  return [
    { base: base.id, distance: 1, claimed },
    ...further.map((one) => ({
      base: one.base,
      distance: one.distance + 1,
      claimed: Math.max(one.claimed, claimed),
    })),
  ];
}
