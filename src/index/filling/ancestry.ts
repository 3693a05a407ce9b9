/**
 * What images were built on, directly and through others, worked out once when their records are indexed: so the question
 * is one look into a table, however long the chain is. A plan: some statements for a whole batch.
 */
import type { Row, Statement } from '../common/plan.ts';
import type { Built } from './built.ts';
import {
  type Ancestor,
  createWays,
  type Image,
  keyText,
  knownWays,
  type Way,
  type Ways,
} from './known-ways.ts';
import { imagesOn } from './reached.ts';

/** A chain that names itself, or never ends, is cut. */
const FARTHEST = 32;
const MOST = 256;

/**
 * Rows that one image gives to those that named it before: the latest of them. Anybody who pushes can name a base that is not
 * there in thousands of images, and then push it with hundreds of bases of its own.
 */
const REACHED = 50_000;

/** Rows that are kept in mind before they are written. */
const PIECE = 10_000;

/** Like a plan; besides statements it yields rows to be written before it goes on. */
export type Relating = Generator<Statement | { readonly put: readonly Way[] }, void, readonly Row[]>;

/**
 * @param batch in the order of the log, next to what was related before. Table `digest` has all of its records, and table
 * `built` what was built before it.
 * @returns the new rows in their order; of two for the same image and base the first one counts.
 */
export function* relate(batch: readonly Built[]): Relating {
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
    const self = known.selves.get(idx);
    const found = [...(images.get(idx)?.found.values() ?? [])];
    if (self !== undefined && found.length > 0) yield* reachBack(ways, idx, self, found);
    if (ways.pending() >= PIECE) yield { put: ways.take() };
  }
  yield { put: ways.take() };
}

/** Images that named this one as their base before it was on record itself. @param found what it is built on. */
function* reachBack(ways: Ways, idx: number, self: number, found: readonly Ancestor[]): Relating {
  // Then the tables have them all.
  yield { put: ways.take() };
  const limit = Math.floor(REACHED / found.length);
  const images = imagesOn({ self, idx, limit, bases: found.map(({ base }) => base) });
  for (const { image, distance, claimed, rows, has } of yield* images) {
    const added = found.filter(({ base }) => !has.has(base)).slice(0, Math.max(0, MOST - rows));
    for (const one of added) {
      ways.add(image, image.repo, {
        base: one.base,
        distance: Math.min(FARTHEST, one.distance + distance),
        claimed: Math.max(one.claimed, claimed),
      });
    }
    if (ways.pending() >= PIECE) yield { put: ways.take() };
  }
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
