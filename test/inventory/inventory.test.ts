import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeEach, expect, it } from '@jest/globals';
import { createInventory, type Inventory, type Pull } from '../../src/inventory/inventory.ts';
import { PULL_TABLES } from '../../src/inventory/postgres-pull-tables.ts';
import { postgresPulls } from '../../src/inventory/postgres-pulls.ts';
import type { FoundPull, PullFilters } from '../../src/inventory/pull.ts';
import { type PullStore, sqlitePulls } from '../../src/inventory/pull-store.ts';
import { systemClock } from '../../src/store/clock.ts';
import type { Postgres } from '../../src/store/postgres.ts';
import { startThread, type Thread } from '../../src/store/thread.ts';
import { describeOnBoth } from '../support/on-both.ts';

const folder = mkdtempSync(join(tmpdir(), 'warden-inventory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const D = `sha256:${'d'.repeat(64)}`;
let file = '';
let turn = 0;
let thread: Thread | undefined;
let store: PullStore;
/** The database, where the counts are there. */
let shared: Postgres | undefined;
let inventory: Inventory;
let failures: unknown[];
let now: number;

async function start(keyLimit?: number): Promise<void> {
  thread = shared
    ? undefined
    : await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), { file });
  if (thread) store = sqlitePulls(thread);
  else if (shared) store = postgresPulls(shared);
  failures = [];
  inventory = createInventory({
    store,
    // No rhythm of its own: a test flushes when it wants.
    clock: {
      now: () => now,
      elapsed: () => now,
      sleep: (_ms, signal) => new Promise((end) => signal?.addEventListener('abort', () => end())),
    },
    onFailure: (error) => failures.push(error),
    ...(keyLimit !== undefined && { keyLimit }),
  });
}
async function stop(): Promise<void> {
  await inventory.close();
  await thread?.close();
}
/** What is counted is away for `work`. */
async function away(work: () => Promise<void>): Promise<void> {
  const blocker = shared ? undefined : new DatabaseSync(file);
  const rename = async (from: string, to: string): Promise<void> => {
    blocker?.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
    await shared?.ask(`ALTER TABLE warden.${from} RENAME TO ${to}`);
  };
  await rename('pull', 'away');
  await work();
  await rename('away', 'pull');
  blocker?.close();
}

function pull(changes: Partial<Pull> = {}): Pull {
  return {
    head: false,
    address: '10.1.1.1',
    subject: '',
    repository: 'base/os',
    digest: D,
    reference: '7',
    ...changes,
  };
}
const all = (filters: PullFilters = {}): Promise<readonly FoundPull[]> =>
  inventory.find({ filters, limit: 100 });

const TABLES = ['pull', 'pulled_hour', 'pulled_day', 'pull_batch'];
describeOnBoth('the inventory', { families: [PULL_TABLES], tables: TABLES }, (postgres) => {
  beforeEach(async () => {
    shared = postgres();
    file = join(folder, `${turn++}`, 'inventory.db');
    now = Date.parse('2026-03-01T12:00:00Z');
    await start();
  });
  afterEach(stop);

  it('counts GETs and HEADs apart, with the first, the last and the last client', async () => {
    inventory.count(pull({ client: 'docker/20' }));
    now += 1000;
    inventory.count(pull({ head: true }));
    await inventory.flush();
    now += 1000;
    inventory.count(pull({ client: `docker/24 ${'x'.repeat(500)}` }));
    const [row, ...rest] = await all();
    expect(rest).toEqual([]);
    expect(row).toMatchObject({
      gets: 2,
      heads: 1,
      first: now - 2000,
      last: now,
      subject: '',
      reference: '7',
    });
    expect(row?.client).toHaveLength(200);
  });

  it('keeps counting across a restart', async () => {
    inventory.count(pull());
    await stop();
    await start();
    inventory.count(pull());
    expect(await all()).toMatchObject([{ gets: 2 }]);
  });

  it('knows a host by its name, whatever its address', async () => {
    inventory.count(pull({ host: 'agent-1', address: '10.1.1.1' }));
    now += 1;
    inventory.count(pull({ host: 'agent-1', address: '10.1.1.2' }));
    inventory.count(pull({ address: '10.1.1.1' }));
    expect(await all({ host: 'agent-1' })).toMatchObject([{ gets: 2, address: '10.1.1.2' }]);
    expect(await all({ network: '10.1.1.1' })).toHaveLength(1);
  });

  it.each<[PullFilters, number]>([
    [{ repository: 'base/**' }, 3],
    [{ repository: 'base/os' }, 2],
    [{ repository: '*/app' }, 1],
    [{ tag: '7' }, 1],
    [{ tag: '*' }, 2],
    [{ user: 'alice' }, 1],
    [{ user: '' }, 2],
    [{ digest: 'sha256:ddddddd' }, 3],
    [{ digest: 'sha256:eeeeeee' }, 0],
    [{ network: '10.1.0.0/16' }, 2],
    [{ since: Date.parse('2026-03-01T12:00:01Z') }, 1],
    [{ until: Date.parse('2026-03-01T12:00:01Z') }, 2],
  ])('finds by %j', async (filters, expected) => {
    inventory.count(pull());
    inventory.count(pull({ reference: D, address: '2001:db8::1' }));
    now += 1000;
    inventory.count(pull({ repository: 'base/app', reference: 'v1', subject: 'alice', address: '10.1.9.9' }));
    expect(await all(filters)).toHaveLength(expected);
  });

  it('goes on from where a page ended, last pulled first', async () => {
    for (let n = 0; n < 7; n++) {
      if (n % 2 === 0) now += 1;
      inventory.count(pull({ reference: `t${n}` }));
    }
    const seen: FoundPull[] = [];
    for (let after: FoundPull | undefined; ; ) {
      const page = await inventory.find({
        filters: {},
        limit: 2,
        ...(after && { after: { last: after.last, id: after.id } }),
      });
      seen.push(...page);
      after = page.at(-1);
      if (page.length < 2) break;
    }
    expect(seen.map(({ last }) => last)).toEqual(seen.map(({ last }) => last).sort((a, b) => b - a));
    expect(new Set(seen.map(({ reference }) => reference)).size).toBe(7);
  });

  it('keeps what cannot be written, up to its bound, and counts what it drops', async () => {
    await stop();
    await start(3);
    await away(async () => {
      for (let n = 0; n < 5; n++) inventory.count(pull({ reference: `t${n}` }));
      await inventory.flush();
      inventory.count(pull({ reference: 't0' }));
      inventory.count(pull({ reference: 't9' }));
      await inventory.flush();
      expect(failures).toHaveLength(2);
      expect(inventory.dropped()).toBe(3);
    });
    expect((await all()).map(({ reference, gets }) => [reference, gets]).sort()).toEqual([
      ['t0', 2],
      ['t1', 1],
      ['t2', 1],
    ]);
  });

  it('counts pulls over time, also in a file of the release before, which had none', async () => {
    if (!shared) {
      inventory.count(pull({ host: 'web-1', subject: 'anna' }));
      await stop();
      const db = new DatabaseSync(file);
      db.exec(
        "DROP TABLE pulled_hour; DROP TABLE pulled_day; UPDATE meta SET value = 1 WHERE key = 'version'",
      );
      db.close();
      await start();
      expect(await all()).toMatchObject([{ gets: 1 }]);
    }
    inventory.count(pull({ host: 'web-1', subject: 'anna' }));
    inventory.count(pull({ head: true }));
    now += 3_600_000;
    inventory.count(pull());
    const [since, until] = [now - 86_400_000, now + 1];
    const hour = Math.floor(now / 3_600_000) * 3_600_000;
    expect(await inventory.series({ per: 'hour', since, until })).toEqual([
      { time: hour, pulls: 1 },
      { time: hour - 3_600_000, pulls: 1 },
    ]);
    expect(await inventory.series({ per: 'day', since, until })).toEqual([
      { time: Date.parse('2026-03-01T00:00:00Z'), pulls: 2 },
    ]);
    expect(await inventory.ranking({ by: 'user', since, until, limit: 9 })).toEqual([
      { name: '', pulls: 1 },
      { name: 'anna', pulls: 1 },
    ]);
    expect(await inventory.ranking({ by: 'host', since, until, limit: 9 })).toEqual([
      { name: 'web-1', pulls: 1 },
    ]);
    expect(await inventory.ranking({ by: 'repository', since, until: since, limit: 9 })).toEqual([]);
  });

  it('can be read by another process meanwhile', async () => {
    inventory.count(pull());
    await inventory.flush();
    const reader = shared
      ? undefined
      : await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
          file,
          readOnly: true,
        });
    const read = reader ? sqlitePulls(reader) : store;
    expect(await read.find({ filters: {}, limit: 10 })).toMatchObject([{ gets: 1 }]);
    await reader?.close();
  });

  it('writes by itself', async () => {
    const second = createInventory({
      store,
      clock: { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) },
    });
    second.count(pull());
    const found = () => store.find({ filters: {}, limit: 1 });
    for (let n = 0; n < 500 && (await found()).length === 0; n++) await systemClock.sleep(10);
    expect(await found()).toHaveLength(1);
    await second.close();
  });
});
