import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { PULL_TABLES } from '../../src/inventory/postgres-pull-tables.ts';
import { postgresPulls } from '../../src/inventory/postgres-pulls.ts';
import type { PullCount } from '../../src/inventory/pull.ts';
import { CommitUnknown, type Postgres } from '../../src/store/postgres.ts';
import { describeNeeding } from '../support/needs.ts';
import { connectTo } from '../support/on-both.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

const AT = Date.parse('2026-03-01T12:00:00Z');

function pulls(count: number, changes: Partial<PullCount> = {}): readonly PullCount[] {
  const common = { subject: '', repository: 'base/os', digest: `sha256:${'d'.repeat(64)}`, client: 'docker' };
  return Array.from({ length: count }, (_, n) => ({
    ...{
      ...common,
      address: '10.1.1.1',
      reference: `t${n}`,
      first: AT,
      last: AT,
      gets: 1,
      heads: 2,
      ...changes,
    },
  }));
}

describeNeeding(['postgres'], 'pulls that several instances count', () => {
  let server: RunningPostgres;
  let postgres: Postgres;
  let address: string;
  beforeAll(async () => {
    server = await startPostgres();
    address = await server.database();
    postgres = connectTo(address, [PULL_TABLES]);
  }, 30_000);
  afterAll(async () => {
    await postgres?.close();
    await server?.stop();
  });
  beforeEach(() =>
    postgres.ask('TRUNCATE warden.pull, warden.pulled_hour, warden.pulled_day, warden.pull_batch'),
  );

  const sums = () =>
    server.sql(
      address,
      `SELECT count(*), sum(gets), sum(heads), (SELECT sum(gets) FROM warden.pulled_hour),
         (SELECT sum(gets) FROM warden.pulled_day WHERE kind = 'user') FROM warden.pull`,
    );

  it('are added up, whoever writes and in whatever order it counted them', async () => {
    const others = Array.from({ length: 4 }, () => connectTo(address, [PULL_TABLES]));
    await Promise.all(
      others.map(async (one, at) => {
        const store = postgresPulls(one);
        const counted = at % 2 === 0 ? pulls(300) : pulls(300).toReversed();
        for (let n = 0; n < 6; n++) await store.add(counted);
      }),
    );
    expect(await sums()).toBe('300|7200|14400|7200|7200');
    await Promise.all(others.map((one) => one.close()));
  });

  it('are counted once where the answer to a commit is lost, whether it was carried out or not', async () => {
    let lost: 'before' | 'after' | undefined;
    const store = postgresPulls({
      ...postgres,
      async transaction(work) {
        const lose = lost;
        lost = undefined;
        if (lose === undefined) return postgres.transaction(work);
        if (lose === 'after') await postgres.transaction(work);
        throw new CommitUnknown('the connection ended');
      },
    });
    for (const how of ['before', 'after'] as const) {
      lost = how;
      await store.add(pulls(5));
      await store.add(pulls(1));
    }
    expect(await sums()).toBe('5|12|24|12|12');
  });

  it('have the address and client of the latest, whichever instance writes last', async () => {
    const store = postgresPulls(postgres);
    await store.add(
      pulls(1, { host: 'web-1', address: '10.1.1.2', client: 'new', first: AT + 5, last: AT + 5 }),
    );
    await store.add(pulls(1, { host: 'web-1', address: '10.1.1.1', client: 'o\0ld' }));
    expect(await store.find({ filters: { host: 'web-1' }, limit: 9 })).toMatchObject([
      { address: '10.1.1.2', client: 'new', first: AT, last: AT + 5, gets: 2 },
    ]);
    expect(await store.find({ filters: { network: '10.1.1.1' }, limit: 9 })).toEqual([]);
  });
});
