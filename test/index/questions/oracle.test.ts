/** Lists, counts and series against what a plain look at every record says: whatever the filters, and whichever of them drives. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fillLog } from '../../../bench/fill-log.ts';
import { createWorld } from '../../../bench/record-leaves.ts';
import type { RecordFilters } from '../../../src/index/questions/filters.ts';
import { createRecordIndex, type RecordIndex } from '../../../src/index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../../../src/index/sqlite/sqlite-index.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import { openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import type { Thread } from '../../../src/store/thread.ts';
import { makeFolder } from '../../provenance/a-log.ts';
import { fits, type Plain } from './plain-filter.ts';

const RECORDS = 1_500;
const folder = makeFolder();
let log: LogReader;
let thread: Thread;
let index: RecordIndex;
let records: readonly Plain[];

beforeAll(async () => {
  fillLog(folder.path, createWorld(RECORDS), RECORDS, () => undefined);
  log = await openSqliteLogReader({ folder: folder.path });
  thread = await startIndexThread({ folder: folder.path });
  index = createRecordIndex({ store: sqliteIndex(thread), log, clock: systemClock });
  await index.catchUp();
  records = await index.records(Array.from({ length: RECORDS }, (_, n) => n));
});
afterAll(async () => {
  await index.close();
  await thread.close();
  await log.close();
  folder.remove();
});

const one = <T>(...values: readonly T[]): fc.Arbitrary<T | undefined> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
const at = (n: number): Plain => records[n] as Plain;

/** Names that are on record, and some that are not. */
const filtersOf = (): fc.Arbitrary<RecordFilters> =>
  fc
    .record({
      repository: one('team-0/**', 'os/*', '**', '**/app-0', 'team-1*/**', 'stack/stack-331', 'nobody/**'),
      tag: one('latest', '1', '1.*', '*', '1.7*', 'sha256-*'),
      user: one('robot-0', 'robot-7', 'person-350', 'janitor', 'nobody'),
      host: one('jenkins-0', 'jenkins-3', 'nowhere'),
      network: one('10.1.0.0/16', '10.1.0.0/24', '10.9.0.0/16', '192.168.0.0/16'),
      types: one(
        ['push.accepted'],
        ['push.refused', 'login.failed'],
        ['push.accepted', 'push.refused', 'tag.deleted'],
      ),
      rule: one('builders-push', 'team-0-push', 'janitor'),
      actorKind: one('robot' as const, 'person' as const),
      reason: one('POLICY_DENIED'),
      label: one('maintainer', 'corp.example.exception', 'no.such'),
      withoutLabel: one('maintainer', 'no.such'),
      moved: one(true),
      without: one(['base'] as const, ['build', 'labels'] as const),
      commit: one(...[700, 900].flatMap((n) => at(n).source?.commit?.slice(0, 7) ?? [])),
      digest: one(...[3, 700].flatMap((n) => at(n).subject?.digest?.slice(0, 14) ?? [])),
      layer: one(...[3, 700].flatMap((n) => at(n).subject?.layerDigests?.[0] ?? [])),
      since: one(...[500, 1_000].map((n) => Date.parse(at(n).time))),
      until: one(...[400, 1_200].map((n) => Date.parse(at(n).time))),
    })
    .map((filters) => Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)));

async function paged(
  filters: RecordFilters,
  limit: number,
  only: readonly string[] | undefined,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (let before: number | undefined; ; ) {
    const { answer } = await index.find({
      ...{ filters, limit },
      ...(before !== undefined && { before }),
      ...(only && { only }),
    });
    expect(answer.rows.length).toBeLessThanOrEqual(limit);
    found.push(...answer.rows.map((row) => row.index));
    if (answer.reached === undefined) return found;
    before = answer.reached;
  }
}

/** What drives a list depends on how many records names have: few, and more than are simply sorted. */
describe.each([1, 10_000])('with the numbers of records of names taken %i times', (times) => {
  beforeAll(() => {
    const db = new DatabaseSync(join(folder.path, 'index.db'), { timeout: 5_000 });
    db.exec(`UPDATE name SET records = records * ${times}; UPDATE tag SET records = records * ${times}`);
    db.close();
  });

  it('a list has the records that fit, newest first, however it is cut into pages', async () => {
    const repositories = [...new Set(records.flatMap(({ subject }) => subject?.repo ?? []))];
    const onlyOf = fc.option(fc.subarray(repositories, { maxLength: 40 }), { nil: undefined });
    let notEmpty = 0;
    await fc.assert(
      fc.asyncProperty(
        filtersOf(),
        fc.integer({ min: 1, max: 300 }),
        onlyOf,
        async (filters, limit, only) => {
          const expected = records.flatMap((record, n) => (fits(record, filters, only) ? [n] : [])).reverse();
          notEmpty += Number(expected.length > 0);
          expect(await paged(filters, Math.max(limit, Math.ceil(expected.length / 20)), only)).toEqual(
            expected,
          );
        },
      ),
      { numRuns: 300 },
    );
    expect(notEmpty).toBeGreaterThan(50);
  });
});

it('a count has as many as there are, from totals or from the list', async () => {
  for (const filters of [
    { repository: 'team-0/**' },
    { repository: '**', types: ['push.accepted'] },
    { repository: 'os/*', user: 'robot-0' },
    { user: 'robot-0', types: ['push.accepted', 'push.refused'] },
  ] satisfies RecordFilters[]) {
    const { answer } = await index.ask('count', { filters });
    const expected = new Map<string, number>();
    for (const record of records) {
      const repo = record.subject?.repo ?? '';
      if (fits(record, filters)) expected.set(repo, (expected.get(repo) ?? 0) + 1);
    }
    expect(answer.complete).toBe(true);
    expect(new Map(answer.counts.map((row) => [row.repository, row.records]))).toEqual(expected);
  }
});

it('every record is found by its id', async () => {
  for (const n of [0, 1, 700, RECORDS - 1]) {
    expect(await index.entryOf(at(n).id)).toEqual({ index: n, repository: at(n).subject?.repo ?? '' });
  }
  expect(await index.entryOf('019c0d8b-1aa0-7c2f-8af8-000000000000')).toBeUndefined();
  expect(await index.entryOf('no id')).toBeUndefined();
});

it('counts over days and the most active are what adding up every record gives', async () => {
  const since = Date.parse('2023-11-20T05:00:00Z');
  const until = Date.parse('2026-04-02T17:00:00Z');
  const DAY = 86_400_000;
  const days = new Map<string, number>();
  for (const record of records) {
    const time = Date.parse(record.time);
    if (time < since || time >= until) continue;
    const key = `${Math.floor(time / DAY) * DAY} ${record.type}`;
    days.set(key, (days.get(key) ?? 0) + (record.count ?? 1));
  }
  const { answer } = await index.ask('series', { of: undefined, per: 'day', since, until });
  expect(new Map(answer.map(({ time, type, events }) => [`${time} ${type}`, events]))).toEqual(days);

  // Up to a day in the middle, and to the end of all.
  for (const end of [until, Date.parse('2030-01-01T00:00:00Z')]) {
    const events = new Map<string, number>();
    for (const record of records) {
      const day = Math.floor(Date.parse(record.time) / DAY);
      if (day < Math.floor(since / DAY) || day >= Math.ceil(end / DAY) || record.type !== 'push.accepted')
        continue;
      const host = record.peer?.host;
      if (host !== undefined) events.set(host, (events.get(host) ?? 0) + 1);
    }
    const ranked = await index.ask('ranking', {
      ...{ by: 'host', types: ['push.accepted'], since, until: end, limit: 1_000 },
    });
    expect(new Map(ranked.answer.map((row) => [row.name, row.events]))).toEqual(events);
  }
});
