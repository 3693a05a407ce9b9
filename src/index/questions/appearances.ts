/** How records name a digest: what it is to each of them. Plans. */
import { digestKey, digestOf } from '../common/digest-key.ts';
import { NAMES, ROLES } from '../common/kinds.ts';
import { listOf, numberOf, type Plan, select } from '../common/plan.ts';
import { digestsFrom, idOfName } from './names.ts';

export type Role = keyof typeof ROLES;

export interface Appearance {
  readonly index: number;
  readonly repository: string;
  readonly role: Role;
}

/** Those that are of an image, as opposed to a layer or a chain of layers. */
const SHOWN: readonly Role[] = ['manifest', 'config', 'child', 'of'];

/** All that begin so, at most `limit`. */
export function* wholeDigests({
  prefix,
  limit,
}: {
  readonly prefix: string;
  readonly limit: number;
}): Plan<readonly string[]> {
  return (yield* digestsFrom(prefix, limit)).map(digestOf);
}

/** Newest first. @param digest whole. */
export function* appearances({
  digest,
  before,
  limit,
}: {
  readonly digest: string;
  /** Below this index only. */
  readonly before?: number;
  readonly limit: number;
}): Plan<readonly Appearance[]> {
  const key = digestKey(digest);
  if (key === undefined) return [];
  const ofEachRole = SHOWN.map(
    (role) =>
      `SELECT * FROM (SELECT idx, role FROM digest WHERE digest = ? AND role = ${ROLES[role]} AND idx < ? ORDER BY idx DESC LIMIT ?) AS ${role}_`,
  ).join(' UNION ALL ');
  const rows = yield* select(
    `SELECT d.idx, d.role, n.text AS repository FROM (
       SELECT idx, role FROM (${ofEachRole}) AS u ORDER BY idx DESC LIMIT ?
     ) AS d CROSS JOIN record r LEFT JOIN name n ON n.id = r.repo WHERE r.idx = d.idx ORDER BY d.idx DESC`,
    ...SHOWN.flatMap(() => [key, before ?? Number.MAX_SAFE_INTEGER, limit]),
    limit,
  );
  return rows.map(({ idx, role, repository }) => ({
    index: numberOf(idx),
    repository: String(repository ?? ''),
    role: SHOWN.find((one) => ROLES[one] === numberOf(role)) ?? 'manifest',
  }));
}

export interface FirstQuestion {
  readonly digest: string;
  readonly limit: number;
}

export interface First {
  readonly index: number;
  readonly repository: string;
}

/** The accepted pushes among the first `limit` records of a manifest: oldest first. */
export function firstPushes(asked: FirstQuestion): Plan<readonly First[]> {
  return firstAs(
    'manifest',
    asked,
    // The `+` keeps a database from going through all records of the type to find those few.
    `AND +r.type = (SELECT id FROM name WHERE kind = ${NAMES.type} AND text = 'push.accepted')`,
  );
}

/** The first records of images with this layer, at most `limit`: oldest first. */
export function firstWithLayer(asked: FirstQuestion): Plan<readonly First[]> {
  return firstAs('layer', asked);
}

/** @param check of the record `r`. */
function* firstAs(role: Role, { digest, limit }: FirstQuestion, check = ''): Plan<readonly First[]> {
  const key = digestKey(digest);
  if (key === undefined) return [];
  const rows = yield* select(
    `SELECT d.idx, n.text AS repository FROM (
       SELECT idx FROM digest WHERE digest = ? AND role = ${ROLES[role]} ORDER BY idx LIMIT ?
     ) AS d CROSS JOIN record r LEFT JOIN name n ON n.id = r.repo WHERE r.idx = d.idx ${check} ORDER BY d.idx`,
    ...[key, limit],
  );
  return rows.map(({ idx, repository }) => ({ index: numberOf(idx), repository: String(repository ?? '') }));
}

/** When these manifests were deleted from a repository. */
export function* manifestDeletions({
  repository,
  digests,
}: {
  readonly repository: string;
  readonly digests: readonly string[];
}): Plan<readonly { readonly index: number; readonly time: number; readonly digest: string }[]> {
  const keys = digests.flatMap((digest) => digestKey(digest) ?? []);
  const { ids } = yield* idOfName(NAMES.repository, repository);
  const { ids: types } = yield* idOfName(NAMES.type, 'manifest.deleted');
  if (keys.length === 0 || ids.length === 0 || types.length === 0) return [];
  const rows = yield* select(
    `SELECT g.digest, g.idx, r.time FROM digest g CROSS JOIN record r
     WHERE g.digest IN (${keys.map(() => '?').join(', ')}) AND g.role = ${ROLES.manifest} AND r.idx = g.idx
       AND +r.repo IN (${listOf(ids)}) AND +r.type IN (${listOf(types)})`,
    ...keys,
  );
  return rows.flatMap(({ digest, idx, time }) =>
    digest instanceof Uint8Array
      ? [{ index: numberOf(idx), time: numberOf(time), digest: digestOf(digest) }]
      : [],
  );
}
