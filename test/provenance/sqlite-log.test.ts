import { renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, it } from '@jest/globals';
import { LOG_FILE } from '../../src/provenance/log-thread.ts';
import { openSqliteLog, openSqliteLogReader, sqliteLog } from '../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../src/store/clock.ts';
import { aRecorder, leavesOf, makeFolder, startLog, until } from './a-log.ts';

const folder = makeFolder();
afterAll(folder.remove);

it('a reader beside the writer of a file sees its entries in their order', async () => {
  const path = `${folder.path}/read`;
  const thread = await startLog(path);
  const recorder = await aRecorder(thread);
  const reader = await openSqliteLogReader({ folder: path });
  for (let n = 0; n < 5; n++)
    await recorder.append({ type: 'tag.drift', subject: { repo: 'a/b' }, tag: { name: `t${n}` } });
  expect(await reader.size()).toBe(6);
  const leaves = leavesOf(path).map((leaf) => Buffer.from(leaf).toString());
  const read = async (from: number, limit: number) =>
    (await reader.entries(from, limit)).map((leaf) => Buffer.from(leaf).toString());
  expect(await read(0, 100)).toEqual(leaves);
  expect(await read(2, 2)).toEqual(leaves.slice(2, 4));
  expect(await read(6, 2)).toEqual([]);
  await recorder.close();
  await thread.close();
  await reader.close();
});

it('a reader where there is no log says so in one sentence', async () => {
  await expect(openSqliteLogReader({ folder: `${folder.path}/none` })).rejects.toThrow(
    `the push log ${folder.path}/none/log.db: there is no such file`,
  );
});

it('what an earlier process left open is answered once', async () => {
  const path = `${folder.path}/left`;
  const thread = await startLog(path);
  const body = { id: 'x' } as never;
  expect(await sqliteLog(thread).intend({ id: 'x', repo: 'a', reference: 'b', body, at: 1 })).toBe(true);
  expect(await sqliteLog(thread).intend({ id: 'y', repo: 'a', reference: 'b', body, at: 1 })).toBe(false);
  await thread.close();
  const store = await openSqliteLog({ folder: path });
  expect(await store.takeOver()).toEqual([{ id: 'x', repo: 'a', reference: 'b', body, at: 1 }]);
  expect(await store.takeOver()).toEqual([]);
  await store.close();
});

it('an intent that came late and could not be taken back at once is taken back later, and its place is free', async () => {
  const path = `${folder.path}/late`;
  const thread = await startLog(path);
  const gone = Promise.withResolvers<void>();
  let tried = 0;
  const names = [LOG_FILE, `${LOG_FILE}-wal`, `${LOG_FILE}-shm`];
  const move = (to: (name: string) => string, from: (name: string) => string): void => {
    for (const name of names) renameSync(join(path, from(name)), join(path, to(name)));
  };
  const aside = (name: string): string => `${name}.aside`;
  const asIs = (name: string): string => name;
  /** The real one, whose files are not there for as long as the first taking back lasts. */
  const store = sqliteLog(
    {
      ...thread,
      async call(name, args) {
        if (name !== 'withdraw' || tried++ > 0) return thread.call(name, args);
        move(aside, asIs);
        try {
          return await thread.call(name, args);
        } finally {
          move(asIs, aside);
          gone.resolve();
        }
      },
    },
    { clock: systemClock, patienceMs: 100 },
  );
  const place = { repo: 'a', reference: 'b', body: { id: 'x' } as never, at: 1 };
  await store.takeOver();
  const other = new DatabaseSync(join(path, LOG_FILE));
  other.exec('BEGIN IMMEDIATE');
  await expect(store.intend({ id: 'late', ...place })).rejects.toThrow(
    'its disk has not answered for 0.1 seconds',
  );
  other.exec('ROLLBACK');
  other.close();
  await gone.promise;
  expect(await store.intend({ id: 'next', ...place })).toBe(false);
  // As the recorder does each second.
  await until('its place is free', async () => {
    await store.takeOver();
    return store.intend({ id: 'next', ...place });
  });
  expect(tried).toBe(2);
  await store.close();
});

it('a file whose disk does not say what it is can be written again when it does', async () => {
  const path = `${folder.path}/stat`;
  const thread = await startLog(path);
  const recorder = await aRecorder(thread);
  const [file, aside] = [join(path, LOG_FILE), join(path, 'aside')];
  renameSync(file, aside);
  symlinkSync(file, file);
  const refused = recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
  await expect(refused).rejects.toMatchObject({ name: 'RECORD_UNAVAILABLE' });
  const why = 'the push record cannot be written: its disk reports an input/output error';
  expect(recorder.health()).toEqual({ writable: false, why });
  rmSync(file);
  renameSync(aside, file);
  await until('it is written again', () => recorder.health().writable);
  await recorder.append({ type: 'policy.changed', policy: { digest: 'a' } });
  await recorder.close();
  await thread.close();
});
