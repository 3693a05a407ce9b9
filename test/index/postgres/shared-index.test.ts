import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../../bench/record-leaves.ts';
import { questionsAsked } from '../../../bench/record-questions.ts';
import { type Audit, createAudit } from '../../../src/audit/audit.ts';
import { sharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { createRecordIndex } from '../../../src/index/record-index.ts';
import { NO_PULLS } from '../../../src/inventory/pull-store.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { describeNeeding } from '../../support/needs.ts';
import { startIndexAt, tablesAt } from './shared.ts';
import { startTwoIndexes, type TwoIndexes } from './two-indexes.ts';

const RECORDS = 700;
const NOW = Date.parse('2026-11-02T00:00:00Z');

describeNeeding(['postgres'], 'the index in PostgreSQL', () => {
  const world = createWorld(RECORDS);
  let both: TwoIndexes;
  let address = '';
  beforeAll(async () => {
    both = await startTwoIndexes(world, RECORDS);
    address = await both.database();
    await both.fill(address, [3, 500, RECORDS]);
  }, 60_000);
  afterAll(() => both.stop());

  it('has the same tables as that in a file', async () => {
    const [found, expected] = [await tablesAt(address), both.tablesOfFile()];
    for (const name of Object.keys(expected)) expect([name, found[name]]).toEqual([name, expected[name]]);
    expect(expected['built']?.length).toBeGreaterThan(RECORDS / 2);
  });

  it('answers each question as that in a file', async () => {
    const thread = await startIndexAt(address);
    const [inFile, inDatabase] = [both.inFile, sharedIndex(thread)].map((store) =>
      createAudit({
        index: createRecordIndex({ store, log: both.log, clock: systemClock }),
        ...{ inventory: NO_PULLS, now: () => NOW },
      }),
    ) as [Audit, Audit];
    let rows = 0;
    for (const { called, name, parameters, only } of questionsAsked(world, RECORDS)) {
      const mayRead = (repository: string): boolean => repository.startsWith(only ?? '');
      for (let cursor: string | undefined, page = 0; page < 3; page++) {
        const asked = { ...parameters, ...(cursor !== undefined && { cursor }) };
        const expected = await inFile.ask(name, asked, mayRead);
        expect([called, await inDatabase.ask(name, asked, mayRead)]).toEqual([called, expected]);
        rows += expected.items.length;
        cursor = expected.next;
        if (cursor === undefined) break;
      }
    }
    expect(rows).toBeGreaterThan(500);
    await thread.close();
  }, 60_000);
});
