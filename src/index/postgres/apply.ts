/** Writes what was gathered into the tables of PostgreSQL, each table with a statement or two. The caller holds the transaction. */
import type { Ask } from '../../store/postgres.ts';
import { NAMES } from '../common/kinds.ts';
import { builtsOf } from '../filling/built.ts';
import type { Gathered, GatheredName, GatheredTag } from '../filling/gathered.ts';
import { type Cell, type Columns, insert, withRows } from './rows.ts';
import { type IdOf, putCounts, putRecords } from './tables.ts';
import { putBasesLate, putBuilts } from './ways.ts';

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
  const builts = gathered.records.flatMap((record) => builtsOf(record, idOf));
  if (late) await putBasesLate(ask, builts);
  else await putBuilts(ask, builts);
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
        ...{ id: 'integer', kind: 'smallint', text: 'text', sort: 'bytea', records: 'integer' },
        ...{ first_idx: 'integer', last_idx: 'integer', first_time: 'bigint', last_time: 'bigint' },
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
  const idOfTag = (tag: GatheredTag): number | null => given.ids.get(tag) ?? null;
  const moves = tags.flatMap((tag) => [...tag.by].map(([who, by]): Move => ({ tag, who, ...by })));
  const first = await firstMoves(ask, moves, idOf, idOfTag);
  await insert(
    ask,
    {
      table: 'tag',
      columns: {
        ...{ id: 'integer', repo: 'integer', name: 'text', records: 'integer', last_idx: 'integer' },
        ...{ moved_idx: 'integer', actors: 'integer', hosts: 'integer' },
      },
      conflict: `ON CONFLICT (name, repo) DO UPDATE SET records = old.records + excluded.records, last_idx = excluded.last_idx,
        moved_idx = coalesce(excluded.moved_idx, old.moved_idx), actors = old.actors + excluded.actors,
        hosts = old.hosts + excluded.hosts`,
    },
    tags.map((tag) => [
      ...[idOfTag(tag), idOf(tag.repo), tag.name, tag.records, tag.lastIdx, tag.movedIdx ?? null],
      ...[first.get(tag)?.actors ?? 0, first.get(tag)?.hosts ?? 0],
    ]),
  );
  await insert(
    ask,
    {
      table: 'tag_by',
      columns: { tag: 'integer', kind: 'smallint', who: 'integer', pushes: 'integer', last_idx: 'integer' },
      conflict:
        'ON CONFLICT (tag, kind, who) DO UPDATE SET pushes = old.pushes + excluded.pushes, last_idx = excluded.last_idx',
    },
    moves.map(({ tag, who, pushes, lastIdx }) => [idOfTag(tag), who.kind, idOf(who), pushes, lastIdx]),
  );
  return given;
}

interface Move {
  readonly tag: GatheredTag;
  readonly who: GatheredName;
  readonly pushes: number;
  readonly lastIdx: number;
}

/** How many users and hosts moved each tag that did not before. */
async function firstMoves(
  ask: Ask,
  moves: readonly Move[],
  idOf: IdOf,
  idOfTag: (tag: GatheredTag) => number | null,
): Promise<ReadonlyMap<GatheredTag, { readonly actors: number; readonly hosts: number }>> {
  const before = await withRows<{ at: string }>(
    ask,
    'SELECT at FROM $rows CROSS JOIN tag_by WHERE tag_by.tag = rows.tag AND tag_by.kind = rows.kind AND tag_by.who = rows.who',
    { tag: 'integer', kind: 'smallint', who: 'integer' },
    moves.map(({ tag, who }) => [idOfTag(tag), who.kind, idOf(who)]),
  );
  const known = new Set(before.map(({ at }) => Number(at)));
  const first = new Map<GatheredTag, { actors: number; hosts: number }>();
  for (const [at, { tag, who }] of moves.entries()) {
    if (known.has(at + 1)) continue;
    const counted = first.get(tag) ?? { actors: 0, hosts: 0 };
    first.set(tag, counted);
    if (who.kind === NAMES.actor) counted.actors++;
    else counted.hosts++;
  }
  return first;
}
