/** Writes what was gathered into the tables of PostgreSQL, each table with a statement or two. The caller holds the transaction. */
import type { Ask } from '../store/postgres.ts';
import { relate } from './ancestry.ts';
import type { Built } from './built.ts';
import type { Gathered, GatheredName, GatheredRecord, GatheredTag } from './gather.ts';
import { EVERYTHING, NAMES } from './kinds.ts';
import { type Cell, type Columns, insert, withRows } from './postgres-rows.ts';
import { type IdOf, putCounts, putRecords } from './postgres-tables.ts';
import { putBasesLate, putWays, selecting } from './postgres-ways.ts';

/** The last numbers that were given. */
export interface Given {
  readonly names: number;
  readonly tags: number;
}

export interface ApplyOptions {
  readonly given: Given;
  /** Of a filling that puts off what costs most. */
  readonly late: boolean;
}

/** @returns the numbers that are given now. */
export async function applyToPostgres(
  ask: Ask,
  gathered: Gathered,
  { given, late }: ApplyOptions,
): Promise<Given> {
  const names = await putNames(ask, gathered.names, given.names);
  const idOf = (name: GatheredName | undefined): number | null =>
    name ? (names.ids.get(name) ?? null) : null;
  const tags = await putTags(ask, gathered.tags, idOf, given.tags);
  await putRecords(ask, gathered.records, idOf, tags.ids);
  await putCounts(ask, gathered, idOf);
  const builts = gathered.records.flatMap((record) => builtOf(record, idOf));
  if (late) await putBasesLate(ask, builts);
  else await putWays(ask, await selecting(ask, relate(builts)));
  return { names: names.last, tags: tags.last };
}

interface Numbered<T> {
  readonly ids: ReadonlyMap<T, number>;
  readonly last: number;
}

/** @param known ids, by the place in `all`. The others get the next ones. */
function numbered<T>(all: readonly T[], known: ReadonlyMap<number, number>, before: number): Numbered<T> {
  let last = before;
  return { ids: new Map(all.map((one, at) => [one, known.get(at + 1) ?? ++last])), last };
}

async function idsByPlace(
  ask: Ask,
  sql: string,
  columns: Columns,
  rows: readonly (readonly Cell[])[],
): Promise<ReadonlyMap<number, number>> {
  const found = await withRows<{ at: string; id: number }>(ask, sql, columns, rows);
  return new Map(found.map(({ at, id }) => [Number(at), id]));
}

async function putNames(
  ask: Ask,
  names: readonly GatheredName[],
  before: number,
): Promise<Numbered<GatheredName>> {
  const known = await idsByPlace(
    ask,
    'SELECT at, id FROM $rows CROSS JOIN name WHERE name.kind = rows.kind AND name.text = rows.text',
    { kind: 'smallint', text: 'text' },
    names.map(({ kind, text }) => [kind, text]),
  );
  const given = numbered(names, known, before);
  await insert(
    ask,
    {
      table: 'name',
      columns: {
        ...{ id: 'integer', kind: 'smallint', text: 'text', sort: 'bytea', records: 'bigint' },
        ...{ first_idx: 'bigint', last_idx: 'bigint', first_time: 'bigint', last_time: 'bigint' },
      },
      conflict: `ON CONFLICT (kind, text) DO UPDATE SET records = old.records + excluded.records, last_idx = excluded.last_idx,
        first_time = least(old.first_time, excluded.first_time), last_time = greatest(old.last_time, excluded.last_time)`,
    },
    names.map((name) => [
      ...[given.ids.get(name) ?? null, name.kind, name.text, name.sort ?? null, name.records],
      ...[name.firstIdx, name.lastIdx, name.firstTime, name.lastTime],
    ]),
  );
  return given;
}

async function putTags(
  ask: Ask,
  tags: readonly GatheredTag[],
  idOf: IdOf,
  before: number,
): Promise<Numbered<GatheredTag>> {
  const known = await idsByPlace(
    ask,
    'SELECT at, id FROM $rows CROSS JOIN tag WHERE tag.name = rows.name AND tag.repo = rows.repo',
    { repo: 'integer', name: 'text' },
    tags.map((tag) => [idOf(tag.repo), tag.name]),
  );
  const given = numbered(tags, known, before);
  await insert(
    ask,
    {
      table: 'tag',
      columns: {
        ...{ id: 'integer', repo: 'integer', name: 'text', records: 'bigint', last_idx: 'bigint' },
        ...{ moved_idx: 'bigint', actors: 'integer', hosts: 'integer' },
      },
      conflict: `ON CONFLICT (name, repo) DO UPDATE SET records = old.records + excluded.records, last_idx = excluded.last_idx,
        moved_idx = coalesce(excluded.moved_idx, old.moved_idx)`,
    },
    tags.map((tag) => [
      ...[given.ids.get(tag) ?? null, idOf(tag.repo), tag.name, tag.records, tag.lastIdx],
      ...[tag.movedIdx ?? null, 0, 0],
    ]),
  );
  // As many pushes as this batch brought: nobody of this name moved the tag before.
  await withRows(
    ask,
    `WITH given AS (SELECT * FROM $rows), moved AS (
       INSERT INTO tag_by AS old SELECT tag, kind, who, pushes, last_idx FROM given
       ON CONFLICT (tag, kind, who) DO UPDATE SET pushes = old.pushes + excluded.pushes, last_idx = excluded.last_idx
       RETURNING tag, kind, who, pushes
     ), more AS (
       SELECT tag, count(*) FILTER (WHERE kind = ${NAMES.actor}) AS actors,
         count(*) FILTER (WHERE kind <> ${NAMES.actor}) AS hosts
       FROM moved JOIN given USING (tag, kind, who, pushes) GROUP BY tag
     )
     UPDATE tag SET actors = tag.actors + more.actors, hosts = tag.hosts + more.hosts FROM more WHERE tag.id = more.tag`,
    { tag: 'integer', kind: 'smallint', who: 'integer', pushes: 'bigint', last_idx: 'bigint' },
    tags.flatMap((tag) =>
      [...tag.by].map(([who, { pushes, lastIdx }]) => [
        ...[given.ids.get(tag) ?? null, who.kind, idOf(who), pushes, lastIdx],
      ]),
    ),
  );
  return given;
}

function builtOf({ idx, repo, columns, bases }: GatheredRecord, idOf: IdOf): readonly Built[] {
  if (bases.length === 0 || !repo) return [];
  return [
    {
      ...{ idx, repo: idOf(repo) ?? EVERYTHING, digest: columns.digest },
      bases: bases.map(({ base, of, claimed }) => ({
        ...{ id: idOf(base) ?? EVERYTHING, digest: base.text, of, claimed },
      })),
    },
  ];
}
