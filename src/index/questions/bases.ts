/** What is built on a base. Plans; the list of the images themselves is a list of records. */
import { digestKey, digestOf } from '../common/digest-key.ts';
import { NAMES, ROLES } from '../common/kinds.ts';
import { listOf, numberOf, type Plan, select } from '../common/plan.ts';
import { idsOfNames } from './names.ts';

/** How one image is built on a base. */
export interface BuiltOn {
  readonly index: number;
  /** 1: directly. */
  readonly distance: number;
  /** Nothing but what was claimed says so, at one step of the way at least. */
  readonly claimed: boolean;
}

/** Of records that are known to be built on one of the bases: the shortest way. */
export function* waysOf({
  bases,
  indexes,
}: {
  readonly bases: readonly string[];
  readonly indexes: readonly number[];
}): Plan<readonly BuiltOn[]> {
  const { ids } = yield* idsOfNames(NAMES.base, bases);
  const rows = yield* select(
    `SELECT idx, distance, claimed FROM built WHERE base IN (${listOf(ids)}) AND idx IN (${listOf(indexes)})
     ORDER BY idx, distance DESC, claimed DESC`,
  );
  // The last one of each index stays.
  return [
    ...new Map(
      rows.map(({ idx, distance, claimed }) => [
        numberOf(idx),
        { index: numberOf(idx), distance: numberOf(distance), claimed: numberOf(claimed) === 1 },
      ]),
    ).values(),
  ];
}

export interface BaseRepository {
  readonly id: number;
  readonly repository: string;
  readonly pushes: number;
  /** Index of the latest record. */
  readonly last: number;
}

/** Repositories with images on one of the bases, latest first, from a counter that is kept for each. */
export function* baseRepositories({
  bases,
  after,
  limit,
}: {
  readonly bases: readonly string[];
  readonly after?: { readonly last: number; readonly id: number } | undefined;
  readonly limit: number;
}): Plan<readonly BaseRepository[]> {
  const { ids } = yield* idsOfNames(NAMES.base, bases);
  const rows = yield* select(
    `SELECT part.repo AS id, n.text AS repository, part.pushes, part.last FROM (
       SELECT repo, sum(pushes) AS pushes, max(last_idx) AS last FROM base_repo WHERE base IN (${listOf(ids)}) GROUP BY repo
     ) AS part CROSS JOIN name n WHERE n.id = part.repo AND (part.last, part.repo) < (?, ?)
     ORDER BY part.last DESC, part.repo DESC LIMIT ?`,
    ...[after?.last ?? Number.MAX_SAFE_INTEGER, after?.id ?? Number.MAX_SAFE_INTEGER, limit],
  );
  return rows.map(({ id, repository, pushes, last }) => ({
    id: numberOf(id),
    repository: String(repository),
    pushes: numberOf(pushes),
    last: numberOf(last),
  }));
}

/** Which of these manifests are built on one of the bases. */
export function* digestsOnBase({
  bases,
  digests,
}: {
  readonly bases: readonly string[];
  readonly digests: readonly string[];
}): Plan<readonly string[]> {
  const { ids } = yield* idsOfNames(NAMES.base, bases);
  const keys = digests.flatMap((digest) => digestKey(digest) ?? []);
  const found: string[] = [];
  for (let at = 0; at < keys.length; at += 500) {
    const part = keys.slice(at, at + 500);
    const rows = yield* select(
      `SELECT DISTINCT g.digest FROM digest g CROSS JOIN built b
       WHERE g.digest IN (${part.map(() => '?').join(', ')}) AND g.role = ${ROLES.manifest}
         AND b.base IN (${listOf(ids)}) AND b.idx = g.idx`,
      ...part,
    );
    found.push(...rows.flatMap(({ digest }) => (digest instanceof Uint8Array ? [digestOf(digest)] : [])));
  }
  return found;
}

/** The different images on one of the bases, at most `limit`; undefined where there are more records than can be looked at. */
export function* imagesOnBase({
  bases,
  limit,
}: {
  readonly bases: readonly string[];
  readonly limit: number;
}): Plan<readonly string[] | undefined> {
  const { ids } = yield* idsOfNames(NAMES.base, bases);
  const rows = yield* select(
    `SELECT r.digest FROM (SELECT idx FROM built WHERE base IN (${listOf(ids)}) LIMIT ?) AS part CROSS JOIN record r
     WHERE r.idx = part.idx`,
    limit + 1,
  );
  if (rows.length > limit) return undefined;
  const digests = rows.flatMap(({ digest }) => (digest instanceof Uint8Array ? [digestOf(digest)] : []));
  return [...new Set(digests)];
}
