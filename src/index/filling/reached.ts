/** The images that are built on a base which was not on record itself: what they have already, so that none gets too much. */
import { listOf, numberOf, type Plan, type Row, select } from '../common/plan.ts';
import { ancestorOf, type Image, imageOf } from './known-ways.ts';

export interface ImageOn {
  readonly image: Image;
  /** Of its way to the base. */
  readonly distance: number;
  readonly claimed: number;
  /** How many bases it has. */
  readonly rows: number;
  /** Which of those that were asked for it has. */
  readonly has: ReadonlySet<number>;
}

export interface ReachedQuestion {
  /** The number of the base among the names. */
  readonly self: number;
  /** Its own record, which is left out. */
  readonly idx: number;
  /** Images, the latest ones. */
  readonly limit: number;
  /** Bases that they may get. */
  readonly bases: readonly number[];
}

/** Images of one statement. */
const IMAGES = 1_000;

export function* imagesOn({ self, idx, limit, bases }: ReachedQuestion): Plan<readonly ImageOn[]> {
  const rows = yield* select(
    `SELECT b.idx, b.distance, b.claimed, b.base, r.repo, r.digest FROM built b CROSS JOIN record r
     WHERE b.base = ? AND b.idx <> ? AND r.idx = b.idx ORDER BY b.idx DESC LIMIT ?`,
    ...[self, idx, limit],
  );
  const found: ImageOn[] = [];
  for (let at = 0; at < rows.length; at += IMAGES) {
    found.push(...(yield* withBases(rows.slice(at, at + IMAGES), bases)));
  }
  return found;
}

function* withBases(images: readonly Row[], bases: readonly number[]): Plan<readonly ImageOn[]> {
  const list = listOf(images.map(({ idx }) => numberOf(idx)));
  const counts = yield* select(`SELECT idx, count(*) AS n FROM built WHERE idx IN (${list}) GROUP BY idx`);
  const known = yield* select(
    `SELECT idx, base FROM built WHERE idx IN (${list}) AND base IN (${listOf(bases)})`,
  );
  const rows = new Map(counts.map(({ idx, n }) => [numberOf(idx), numberOf(n)]));
  const has = Map.groupBy(known, ({ idx }) => numberOf(idx));
  return images.map((row) => {
    const image = imageOf(row);
    const { distance, claimed } = ancestorOf(row);
    const bases = new Set(has.get(image.idx)?.map(({ base }) => numberOf(base)));
    return { image, distance, claimed, rows: rows.get(image.idx) ?? 0, has: bases };
  });
}
