/** However the index in PostgreSQL was filled, it ends with the same tables as that in a file. */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../../bench/record-leaves.ts';
import { describeNeeding } from '../../support/needs.ts';
import { type Child, startChild } from '../../support/process.ts';
import { tablesAt } from './shared.ts';
import { startTwoIndexes, type TwoIndexes } from './two-indexes.ts';

const RECORDS = 3_000;
const NEVER = 1_000_000;

describeNeeding(['postgres'], 'the index in PostgreSQL, filled', () => {
  let both: TwoIndexes;
  beforeAll(async () => {
    both = await startTwoIndexes(createWorld(RECORDS), RECORDS);
  }, 120_000);
  afterAll(() => both.stop());

  async function expectSame(address: string): Promise<void> {
    const [found, expected] = [await tablesAt(address), both.tablesOfFile()];
    for (const name of Object.keys(expected)) expect([name, found[name]]).toEqual([name, expected[name]]);
  }

  it.each([
    ['at once', [RECORDS], NEVER],
    ['in parts', [3, 1_400, 1_401, RECORDS], NEVER],
    ['as a long filling', [RECORDS], 0],
    ['as a long one that was cut off', [1_700, RECORDS], 0],
  ])(
    '%s, has the tables of that in a file',
    async (_, parts, bulkFrom) => {
      const address = await both.database();
      await both.fill(address, parts, bulkFrom);
      await expectSame(address);
    },
    120_000,
  );

  it.each([
    ['a short filling', NEVER],
    ['a long filling', 0],
  ])(
    'by two processes that are killed at random in %s, has the tables of that in a file',
    async (_, bulkFrom) => {
      const address = await both.database();
      const start = async (): Promise<Child> => {
        const program = join(import.meta.dirname, 'fill-alone.ts');
        const child = await startChild(process.execPath, [program, address, String(bulkFrom)]);
        await child.waitForLine(/begins/);
        return child;
      };
      const running = new Set(await Promise.all([start(), start()]));
      const ends = { killed: 0, done: 0 };
      while (ends.done === 0) {
        await sleep(100 + Math.random() * 1_500);
        const [oldest] = running;
        if (oldest === undefined) break;
        running.delete(oldest);
        // Some must live for long enough to come to the end.
        if (ends.killed < 6) oldest.signal('SIGKILL');
        const { code, signal } = await oldest.ended;
        if (signal === 'SIGKILL') ends.killed++;
        else expect(code).toBe(0);
        if (code === 0) ends.done++;
        else running.add(await start());
      }
      for (const child of running) expect((await child.ended).code).toBe(0);
      await expectSame(address);
    },
    240_000,
  );
});
