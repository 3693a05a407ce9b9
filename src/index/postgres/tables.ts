/** The rows of a batch that need no look at what is there: records, what finds them, and counts. */
import type { Ask } from '../../store/postgres.ts';
import { EVERYTHING, ROLES } from '../common/kinds.ts';
import type { Gathered, GatheredName, GatheredRecord, GatheredTag } from '../filling/gathered.ts';
import { type Cell, insert } from './rows.ts';
import { LAYER_COLUMNS } from './schema.ts';

/** The number of a name; null for none. */
export type IdOf = (name: GatheredName | undefined) => number | null;

export async function putRecords(
  ask: Ask,
  records: readonly GatheredRecord[],
  idOf: IdOf,
  tagIds: ReadonlyMap<GatheredTag, number>,
): Promise<void> {
  await insert(
    ask,
    {
      table: 'record',
      columns: {
        ...{ idx: 'integer', time: 'bigint', type: 'integer', repo: 'integer', tag: 'integer' },
        ...{ actor: 'integer', host: 'integer', address: 'integer', job: 'integer', labels: 'integer' },
        ...{ reason: 'integer', has: 'integer', rule: 'integer', build: 'bigint' },
        ...{ id: 'bytea', vcs_commit: 'bytea', digest: 'bytea' },
      },
    },
    records.map(({ idx, columns, type, repo, tag, actor, host, address, job, labels, reason, rules }) => [
      ...[idx, columns.time, idOf(type), idOf(repo), tag ? (tagIds.get(tag) ?? null) : null, idOf(actor)],
      ...[idOf(host), idOf(address), idOf(job), idOf(labels), idOf(reason), columns.has, idOf(rules[0])],
      ...[columns.build ?? null, columns.id ?? null, columns.commit ?? null, columns.digest ?? null],
    ]),
  );
  await insert(
    ask,
    { table: 'rule_more', columns: { rule: 'integer', idx: 'integer' } },
    records.flatMap(({ idx, rules }) => rules.slice(1).map((rule) => [idOf(rule), idx])),
  );
  await insert(
    ask,
    {
      table: 'digests',
      columns: {
        ...{ idx: 'integer', config: 'bytea', refers: 'bytea', chain: 'bytea' },
        ...Object.fromEntries(LAYER_COLUMNS.map((column) => [column, 'bytea'] as const)),
      },
    },
    records.flatMap(({ idx, columns }) => digestsRow(idx, columns.digests)),
  );
  await insert(
    ask,
    { table: 'digest_more', columns: { idx: 'integer', role: 'smallint', digest: 'bytea' } },
    records.flatMap(({ idx, columns }) => moreRows(idx, columns.digests)),
  );
}

type Digests = GatheredRecord['columns']['digests'];

/** The manifest is in the row of the record itself. */
function digestsRow(idx: number, digests: Digests): readonly (readonly Cell[])[] {
  const of = (wanted: number): Digests => digests.filter(({ role }) => role === wanted);
  const layers = of(ROLES.layer);
  const keys = [
    ...[ROLES.config, ROLES.of, ROLES.chain].map((role) => of(role)[0]),
    ...LAYER_COLUMNS.map((_, at) => layers[at]),
  ].map((one) => one?.key ?? null);
  return keys.some((key) => key !== null) ? [[idx, ...keys]] : [];
}

/** What has no column: the children of an index, and many layers. */
function moreRows(idx: number, digests: Digests): readonly (readonly Cell[])[] {
  const layers = digests.filter(({ role }) => role === ROLES.layer).slice(LAYER_COLUMNS.length);
  return [...digests.filter(({ role }) => role === ROLES.child), ...layers].map(({ key, role }) => [
    ...[idx, role, key],
  ]);
}

export async function putCounts(ask: Ask, gathered: Gathered, idOf: IdOf): Promise<void> {
  const { tallies, daySpans, totals, refusals, spans } = gathered;
  const orNone = (name: GatheredName | undefined): number => idOf(name) ?? EVERYTHING;
  await insert(
    ask,
    {
      table: 'tally_hour',
      columns: { name: 'integer', hour: 'integer', type: 'integer', events: 'bigint' },
      conflict: 'ON CONFLICT (name, hour, type) DO UPDATE SET events = old.events + excluded.events',
    },
    tallies.map(({ name, hour, type, events }) => [orNone(name), hour, idOf(type), events]),
  );
  await insert(
    ask,
    {
      table: 'tally_span',
      columns: {
        ...{ level: 'smallint', kind: 'smallint', bucket: 'integer', name: 'integer', type: 'integer' },
        events: 'bigint',
      },
      conflict:
        'ON CONFLICT (level, kind, bucket, name, type) DO UPDATE SET events = old.events + excluded.events',
    },
    daySpans.map(({ name, level, bucket, type, events }) => [
      ...[level, name?.kind ?? EVERYTHING, bucket, orNone(name), idOf(type), events],
    ]),
  );
  await insert(
    ask,
    {
      table: 'total',
      columns: { name: 'integer', type: 'integer', records: 'integer' },
      conflict: 'ON CONFLICT (name, type) DO UPDATE SET records = old.records + excluded.records',
    },
    totals.map(({ name, type, records }) => [idOf(name), idOf(type), records]),
  );
  await insert(
    ask,
    {
      table: 'refused',
      columns: {
        ...{ hour: 'integer', type: 'integer', repo: 'integer', actor: 'integer', host: 'integer' },
        ...{ address: 'integer', rule: 'integer', reason: 'integer' },
        ...{ events: 'bigint', first_idx: 'integer', last_idx: 'integer' },
      },
      conflict: `ON CONFLICT (hour, type, repo, actor, host, address, rule, reason)
        DO UPDATE SET events = old.events + excluded.events, last_idx = excluded.last_idx`,
    },
    refusals.map(({ hour, of, rule, events, firstIdx, lastIdx }) => [
      ...[hour, idOf(of.type), orNone(of.repo), orNone(of.actor), orNone(of.host), orNone(of.address)],
      ...[orNone(rule), orNone(of.reason), events, firstIdx, lastIdx],
    ]),
  );
  await insert(
    ask,
    {
      table: 'span',
      columns: { hour: 'integer', first_idx: 'integer', last_idx: 'integer' },
      conflict: `ON CONFLICT (hour) DO UPDATE SET first_idx = least(old.first_idx, excluded.first_idx),
        last_idx = greatest(old.last_idx, excluded.last_idx)`,
    },
    [...spans].map(([hour, { first, last }]) => [hour, first, last]),
  );
}
