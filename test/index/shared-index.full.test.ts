/** However the index in PostgreSQL was filled, it ends with the same tables as that in a file. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../bench/record-leaves.ts';
import { describeNeeding } from '../support/needs.ts';
import { tablesAt } from './shared.ts';
import { startTwoIndexes, type TwoIndexes } from './two-indexes.ts';

const RECORDS = 3_000;

describeNeeding(['postgres'], 'the index in PostgreSQL, filled', () => {
  let both: TwoIndexes;
  beforeAll(async () => {
    both = await startTwoIndexes(createWorld(RECORDS), RECORDS);
  }, 120_000);
  afterAll(() => both.stop());

  it.each([
    ['at once', [RECORDS], 1_000_000],
    ['in parts', [3, 1_400, 1_401, RECORDS], 1_000_000],
    ['as a long filling', [RECORDS], 0],
    ['as a long one that was cut off', [1_700, RECORDS], 0],
  ])(
    '%s, has the tables of that in a file',
    async (_, parts, bulkFrom) => {
      const address = await both.database();
      await both.fill(address, parts, bulkFrom);
      const [found, expected] = [await tablesAt(address), both.tablesOfFile()];
      for (const name of Object.keys(expected)) expect([name, found[name]]).toEqual([name, expected[name]]);
    },
    120_000,
  );
});
