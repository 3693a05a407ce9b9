/** What a batch of images needs to know of those before it, and what it adds: for `ancestry`, which works it out. */

import { digestKey, digestOf } from '../common/digest-key.ts';
import { HAS, NAMES, ROLES } from '../common/kinds.ts';
import { numberOf, type Plan, type Row, select, type Value } from '../common/plan.ts';
import type { Built } from './built.ts';

/** A base of an image. `distance` 1: the image was built on it directly. */
export interface Ancestor {
  readonly base: number;
  readonly distance: number;
  readonly claimed: number;
}

/** The record of a manifest, with its digest as `keyText` has it. */
export interface Image {
  readonly idx: number;
  readonly key: string;
  readonly repo: number;
}

/** A row of table `built`; where it is new, table `base_repo` counts it for this repository. */
export interface Way extends Ancestor {
  readonly idx: number;
  readonly repo: number;
}

export interface KnownWays {
  /** By the key of a digest: the latest record of it, before the batch, that is built on something. */
  readonly latest: ReadonlyMap<string, number>;
  /** Of these records. */
  readonly ancestors: ReadonlyMap<number, readonly Ancestor[]>;
  /** Of a record of the batch whose manifest is a base by this number, and was not on record with bases of its own before. */
  readonly selves: ReadonlyMap<number, number>;
  /**
   * The latest record of a digest that another record of its repository vouches for; undefined where there is none. Who pushes
   * elsewhere says nothing of the images here, and takes none of the bases that an image may have.
   */
  vouched(digest: string, by: number): Image | undefined;
}

/** Values of one statement. */
const PLACES = 1_000;
const MANIFEST = `g.role = ${ROLES.manifest}`;

/** A digest's key as one of a Map; '' for none. */
export function keyText(key: Uint8Array | undefined): string {
  return key === undefined ? '' : Buffer.from(key).toString('latin1');
}

export function* knownWays(batch: readonly Built[]): Plan<KnownWays> {
  const first = batch[0]?.idx ?? 0;
  const bases = keysOf(batch.flatMap((built) => built.bases.map(({ digest }) => digestKey(digest))));
  const latest = new Map<string, number>();
  const latestRows = yield* forEach(
    bases.map((key) => [key, first]),
    (values) => `SELECT k.column1 AS digest, (
         SELECT g.idx FROM digest g WHERE g.digest = k.column1 AND ${MANIFEST} AND g.idx < k.column2
           AND EXISTS (SELECT 1 FROM built b WHERE b.idx = g.idx) ORDER BY g.idx DESC LIMIT 1
       ) AS idx FROM (${values}) AS k`,
  );
  for (const { digest, idx } of latestRows) if (idx != null) latest.set(textOf(digest), numberOf(idx));
  const ancestors = new Map<number, Ancestor[]>();
  const ancestorRows = yield* forAll(
    [...new Set(latest.values())],
    (marks) => `SELECT idx, base, distance, claimed FROM built WHERE idx IN (${marks})`,
  );
  for (const row of ancestorRows) listIn(ancestors, numberOf(row['idx'])).push(ancestorOf(row));
  const selves = yield* selvesOf(batch);
  const vouched = yield* vouchedIn(batch);
  return { latest, ancestors, selves, vouched };
}

function* selvesOf(batch: readonly Built[]): Plan<ReadonlyMap<number, number>> {
  const own = new Map(batch.flatMap(({ digest }) => (digest ? [[digestOf(digest), digest] as const] : [])));
  const names = yield* forAll(
    [...own.keys()],
    (marks) => `SELECT id, text FROM name WHERE kind = ${NAMES.base} AND text IN (${marks})`,
  );
  const ids = new Map(names.map(({ id, text }) => [String(text), numberOf(id)]));
  const keys = [...own].flatMap(([name, key]) => (ids.has(name) ? [[key]] : []));
  const rows = yield* forEach(
    keys,
    (values) => `SELECT k.column1 AS digest, (
         SELECT g.idx FROM digest g CROSS JOIN record r
         WHERE g.digest = k.column1 AND ${MANIFEST} AND r.idx = g.idx AND (r.has & ${HAS.base}) <> 0
         ORDER BY g.idx LIMIT 1
       ) AS idx FROM (${values}) AS k`,
  );
  const firsts = new Map(rows.map(({ digest, idx }) => [textOf(digest), numberOf(idx)]));
  return new Map(
    batch.flatMap(({ idx, digest }) => {
      const id = digest && ids.get(digestOf(digest));
      return id !== undefined && firsts.get(keyText(digest)) === idx ? [[idx, id] as const] : [];
    }),
  );
}

function* vouchedIn(batch: readonly Built[]): Plan<KnownWays['vouched']> {
  const asked = new Map<string, readonly [Uint8Array, number, number]>();
  for (const { idx, repo, bases } of batch) {
    for (const { of } of bases) {
      const key = of === undefined ? undefined : digestKey(of);
      if (key) asked.set(`${of} ${idx}`, [key, idx, repo]);
    }
  }
  const rows = yield* forEach(
    [...asked.values()],
    (values) => `SELECT p.digest, p.by_idx, r.idx, r.repo FROM (
         SELECT k.column1 AS digest, k.column2 AS by_idx, (
           SELECT g.idx FROM digest g CROSS JOIN record i WHERE g.digest = k.column1 AND ${MANIFEST}
             AND g.idx <= k.column2 AND i.idx = g.idx AND i.repo = k.column3 ORDER BY g.idx DESC LIMIT 1
         ) AS idx FROM (${values}) AS k
       ) AS p CROSS JOIN record r WHERE r.idx = p.idx`,
  );
  const images = new Map(rows.map((row) => [`${textOf(row['digest'])} ${row['by_idx']}`, imageOf(row)]));
  return (digest, by) => images.get(`${keyText(digestKey(digest))} ${by}`);
}

/** What is known, and what the batch adds to it. */
export function createWays({ latest, ancestors }: KnownWays) {
  let added: Way[] = [];
  const rows = new Map<number, Map<number, Ancestor>>();
  const images = new Map<string, Set<number>>();

  function rowsOf(idx: number): Map<number, Ancestor> {
    const before = rows.get(idx);
    if (before) return before;
    const known = new Map((ancestors.get(idx) ?? []).map((one) => [one.base, one]));
    rows.set(idx, known);
    return known;
  }

  return {
    /** How many rows are new. */
    pending: (): number => added.length,
    /** The new rows, which are then no longer among them. */
    take(): readonly Way[] {
      const taken = added;
      added = [];
      return taken;
    },
    /** @param repo counts the row. */
    add(image: Image, repo: number, one: Ancestor): void {
      const known = rowsOf(image.idx);
      if (known.has(one.base)) return;
      known.set(one.base, one);
      const { key, idx } = image;
      images.set(key, (images.get(key) ?? new Set()).add(idx));
      added.push({ ...one, idx, repo });
    },
    /** What the latest image of this digest is built on that was on record before `idx`, and is built on anything. */
    through(digest: string, idx: number): readonly Ancestor[] {
      const key = keyText(digestKey(digest));
      if (key === '') return [];
      let image = latest.get(key) ?? -1;
      for (const one of images.get(key) ?? []) if (one < idx && one > image) image = one;
      return image < 0 ? [] : [...rowsOf(image).values()].sort((one, other) => one.base - other.base);
    },
  };
}

export type Ways = ReturnType<typeof createWays>;

/** One statement for many values: `marks` has a place for each. */
function* forAll(values: readonly Value[], statement: (marks: string) => string): Plan<readonly Row[]> {
  const found: Row[] = [];
  for (let at = 0; at < values.length; at += PLACES) {
    const part = values.slice(at, at + PLACES);
    found.push(...(yield* select(statement(part.map(() => '?').join(', ')), ...part)));
  }
  return found;
}

/** The same for rows of values: as VALUES. */
function* forEach(
  rows: readonly (readonly Value[])[],
  statement: (values: string) => string,
): Plan<readonly Row[]> {
  const found: Row[] = [];
  for (let at = 0; at < rows.length; at += PLACES) {
    const part = rows.slice(at, at + PLACES);
    const values = part.map((row) => `(${row.map(() => '?').join(', ')})`).join(', ');
    found.push(...(yield* select(statement(`VALUES ${values}`), ...part.flat())));
  }
  return found;
}

function keysOf(keys: readonly (Uint8Array | undefined)[]): readonly Uint8Array[] {
  return [...new Map(keys.flatMap((key) => (key ? [[keyText(key), key] as const] : []))).values()];
}

function listIn<T>(lists: Map<number, T[]>, key: number): T[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function textOf(digest: Value | undefined): string {
  return keyText(digest instanceof Uint8Array ? digest : undefined);
}

export function ancestorOf(row: Row): Ancestor {
  return {
    base: numberOf(row['base']),
    distance: numberOf(row['distance']),
    claimed: numberOf(row['claimed']),
  };
}

export function imageOf({ idx, repo, digest }: Row): Image {
  return { idx: numberOf(idx), key: textOf(digest), repo: numberOf(repo ?? 0) };
}
