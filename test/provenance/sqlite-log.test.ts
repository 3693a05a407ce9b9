import { afterAll, expect, it } from '@jest/globals';
import { openSqliteLog, openSqliteLogReader, sqliteLog } from '../../src/provenance/sqlite-log.ts';
import { aRecorder, leavesOf, makeFolder, startLog } from './a-log.ts';

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
