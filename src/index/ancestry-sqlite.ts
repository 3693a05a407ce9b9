/**
 * What an image was built on, directly and through others, worked out once when its record is indexed: so the question is
 * one look into a table, however long the chain is.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Built } from './built.ts';
import { digestKey, digestOf } from './digest-key.ts';
import { HAS, NAMES, ROLES } from './kinds.ts';

/** A base of an image. `distance` 1: the image was built on it directly. */
interface Ancestor {
  readonly base: number;
  readonly distance: number;
  readonly claimed: number;
}

/** A chain that names itself, or never ends, is cut. */
const FARTHEST = 32;
const MOST = 256;

/** Bases whose own bases are kept in mind. */
const REMEMBERED = 10_000;

/**
 * To be told of each in the order of the log, after its digests are in the index.
 *
 * @param all all that is built on something is told, in one transaction: so what a base is built on is looked up once, as long
 * as nothing is said of it.
 */
export function createAncestry(db: DatabaseSync, all = false): (built: Built) => void {
  const nameOfBase = db.prepare(`SELECT id FROM name WHERE kind = ${NAMES.base} AND text = ?`);
  const basesOf = db.prepare(
    `SELECT base, distance, claimed FROM built WHERE idx = (
       SELECT digest.idx FROM digest JOIN built ON built.idx = digest.idx
       WHERE digest.digest = ? AND digest.role = ${ROLES.manifest} AND digest.idx < ? ORDER BY digest.idx DESC LIMIT 1
     )`,
  );
  const put = db.prepare(
    'INSERT INTO built (base, idx, distance, claimed) VALUES (?, ?, ?, ?) ON CONFLICT (base, idx) DO NOTHING RETURNING idx',
  );
  const putRepository = db.prepare(
    `INSERT INTO base_repo VALUES (?, ?, 1, ?)
     ON CONFLICT (base, repo) DO UPDATE SET pushes = pushes + 1, last_idx = max(last_idx, excluded.last_idx)`,
  );
  const builtOn = db.prepare(
    `SELECT built.idx, built.distance, built.claimed, record.repo FROM built JOIN record ON record.idx = built.idx
     WHERE base = ?`,
  );
  const latestOf = db.prepare(
    `SELECT max(idx) AS idx FROM digest WHERE digest = ? AND role = ${ROLES.manifest} AND idx <= ?`,
  );
  const firstOf = db.prepare(
    `SELECT min(digest.idx) AS idx FROM digest JOIN record ON record.idx = digest.idx
     WHERE digest.digest = ? AND role = ${ROLES.manifest} AND has & ${HAS.base} <> 0`,
  );

  function add(idx: number, repo: number, { base, distance, claimed }: Ancestor): void {
    if (put.get(base, idx, distance, claimed)) putRepository.run(base, repo, idx);
  }

  const remembered = new Map<string, readonly Ancestor[]>();

  function through(digest: string, before: number): readonly Ancestor[] {
    const known = remembered.get(digest);
    if (known) return known;
    const key = digestKey(digest);
    const found = key === undefined ? [] : (basesOf.all(key, before) as unknown as Ancestor[]);
    if (all && remembered.size < REMEMBERED) remembered.set(digest, found);
    return found;
  }

  /** The image that another manifest vouches for, where it is on record; otherwise that manifest stands for it. */
  function imageOf(of: string | undefined, idx: number): number {
    const key = of === undefined ? undefined : digestKey(of);
    return (key && (latestOf.get(key, idx)?.['idx'] as number | null | undefined)) ?? idx;
  }

  return function addAncestors({ idx, repo, digest, bases }) {
    const images = new Map<number, Map<number, Ancestor>>();
    for (const { id, digest: base, of, claimed } of bases) {
      const image = imageOf(of, idx);
      const found = images.get(image) ?? new Map<number, Ancestor>();
      images.set(image, found);
      const direct = { base: id, distance: 1, claimed: Number(claimed) };
      const further = through(base, idx).map((one) => ({
        base: one.base,
        distance: one.distance + 1,
        claimed: Math.max(one.claimed, direct.claimed),
      }));
      for (const one of [direct, ...further]) {
        const known = found.get(one.base);
        if (one.distance > FARTHEST || found.size >= MOST || (known && known.distance <= one.distance))
          continue;
        found.set(one.base, one);
      }
    }
    if (digest !== undefined) remembered.delete(digestOf(digest));
    // What another manifest says of an image that is known already.
    if ([...images.keys()].some((image) => image !== idx)) remembered.clear();
    for (const [image, ancestors] of images) {
      for (const one of ancestors.values()) add(image, repo, one);
    }
    reachBack(digest, idx, [...(images.get(idx)?.values() ?? [])]);
  };

  /** Images that named this one as their base before it was on record itself. */
  function reachBack(digest: Uint8Array | undefined, idx: number, ancestors: readonly Ancestor[]): void {
    if (digest === undefined || ancestors.length === 0) return;
    const own = nameOfBase.get(digestOf(digest));
    if (!own || Number(firstOf.get(digest)?.['idx'] ?? idx) !== idx) return;
    remembered.clear();
    for (const image of builtOn.all(Number(own['id']))) {
      for (const { base, distance, claimed } of ancestors) {
        if (Number(image['idx']) === idx) continue;
        add(Number(image['idx']), Number(image['repo']), {
          base,
          distance: Math.min(FARTHEST, distance + Number(image['distance'])),
          claimed: Math.max(claimed, Number(image['claimed'])),
        });
      }
    }
  }
}
