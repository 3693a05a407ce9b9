/** A long filling puts much off, and ends with the same index. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../../bench/record-leaves.ts';
import { createRecordIndex } from '../../../src/index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../../../src/index/sqlite/sqlite-index.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import { openSqliteLog, openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { makeFolder } from '../../provenance/a-log.ts';

const RECORDS = 1_000;
const folder = makeFolder();
let log: LogReader;

beforeAll(async () => {
  const world = createWorld(RECORDS);
  const store = await openSqliteLog({ folder: folder.path });
  await Promise.all(Array.from({ length: RECORDS }, (_, n) => store.append(world.record(n))));
  await store.close();
  log = await openSqliteLogReader({ folder: folder.path });
});
afterAll(async () => {
  await log.close();
  folder.remove();
});

/** @param parts up to which entry it is filled each time, by a process of its own. */
async function filled(name: string, parts: readonly number[], bulkFrom: number): Promise<string> {
  const path = join(folder.path, name);
  mkdirSync(path);
  for (const end of parts) {
    const thread = await startIndexThread({ folder: path, bulkFrom });
    const upTo: LogReader = {
      ...log,
      size: async () => RECORDS,
      entries: async (from, limit) => (from >= end ? [] : log.entries(from, Math.min(limit, end - from))),
    };
    const store = sqliteIndex(thread);
    // One that is cut off in the middle does not come to its end.
    const finish = end === RECORDS ? store.finish : () => Promise.reject(new Error('cut off'));
    await createRecordIndex({ store: { ...store, finish }, log: upTo, clock: systemClock })
      .catchUp()
      .catch(() => undefined);
    await thread.close();
  }
  return path;
}

function contentOf(path: string): Readonly<Record<string, unknown>> {
  const db = new DatabaseSync(join(path, 'index.db'), { readOnly: true });
  try {
    const schema = db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();
    const tables = schema.filter(({ type }) => type === 'table').map(({ name }) => String(name));
    const rows = tables.map((table) => [
      table,
      db
        .prepare(`SELECT * FROM ${table}`)
        .all()
        .map((row) =>
          JSON.stringify(
            Object.values(row).map((value) => (value instanceof Uint8Array ? [...value] : value)),
          ),
        )
        .sort(),
    ]);
    return { schema: schema.map(({ name }) => name), ...Object.fromEntries(rows) };
  } finally {
    db.close();
  }
}

it('however it was filled', async () => {
  const steady = contentOf(await filled('steady', [300, 301, RECORDS], 1_000_000));
  expect((steady['built'] as unknown[]).length).toBeGreaterThan(RECORDS / 2);
  expect(contentOf(await filled('at-once', [RECORDS], 0))).toEqual(steady);
  expect(contentOf(await filled('cut-off', [700, RECORDS], 0))).toEqual(steady);
});
