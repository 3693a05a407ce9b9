import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../../bench/record-leaves.ts';
import { FILLER } from '../../../src/index/postgres/postgres-index.ts';
import { INDEX_SCHEMA, POSTGRES_INDEX_VERSION } from '../../../src/index/postgres/schema.ts';
import { sharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { createRecordIndex, type RecordIndex } from '../../../src/index/record-index.ts';
import { postgresLogReader } from '../../../src/provenance/postgres-reader.ts';
import type { PushRecord } from '../../../src/provenance/record.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { until } from '../../provenance/a-log.ts';
import { describeNeeding } from '../../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../../support/postgres.ts';
import { connectTo, openLog } from '../../support/postgres-log.ts';
import { startIndexAt } from './shared.ts';

const RECORDS = 40;
const LONG = '\u{4e2d}'.repeat(3_000);
const ODD = 'a\0b';

describeNeeding(['postgres'], 'the index in PostgreSQL', () => {
  const world = createWorld(RECORDS);
  const endings = new AsyncDisposableStack();
  let server: RunningPostgres;
  let address = '';
  let index: RecordIndex;

  function record(n: number): PushRecord {
    const made = world.record(n);
    if (made.type !== 'push.accepted') return made;
    const job = [ODD, LONG, `${LONG}x`][n % 5];
    return job === undefined ? made : { ...made, build: { job, evidence: 'claimed' } };
  }

  async function open(): Promise<RecordIndex> {
    const thread = await startIndexAt(address);
    const postgres = connectTo(address);
    endings.defer(() => thread.close());
    endings.defer(() => postgres.close());
    return createRecordIndex({
      ...{ store: sharedIndex(thread), log: postgresLogReader(postgres), clock: systemClock },
    });
  }
  const found = async (job?: string): Promise<number> =>
    (await index.find({ filters: { ...(job !== undefined && { job }) }, limit: 1_000 })).answer.rows.length;

  beforeAll(async () => {
    server = await startPostgres();
    endings.defer(() => server.stop());
    address = await server.database();
    const log = openLog(address, { patienceMs: 20_000 });
    await Promise.all(Array.from({ length: RECORDS }, (_, n) => log.store.append(record(n))));
    await log.close();
    index = await open();
  }, 60_000);
  afterAll(() => endings.disposeAsync());

  it('finds what is called by a name that PostgreSQL cannot hold, and only that', async () => {
    expect(await found()).toBe(RECORDS);
    const [odd, long, longer] = [await found(ODD), await found(LONG), await found(`${LONG}x`)];
    expect(odd).toBeGreaterThan(1);
    expect(long).toBeGreaterThan(1);
    expect(longer).toBeGreaterThan(1);
    expect(odd + long + longer).toBeLessThan(RECORDS);
    expect(await found('a\u2400b')).toBe(0);
  });

  it('is made again where somebody dropped it', async () => {
    await server.sql(address, `DROP SCHEMA ${INDEX_SCHEMA} CASCADE`);
    await expect(found()).rejects.toMatchObject({ name: 'RECORD_UNREADABLE' });
    expect(await found()).toBe(RECORDS);
  });

  it('of a release that nobody runs any more is taken away, and of one that runs is left', async () => {
    await server.sql(
      address,
      `CREATE SCHEMA warden_index_1; CREATE SCHEMA warden_index_2;
       INSERT INTO warden.index_version VALUES (1, now() - interval '25 hours'), (2, now() - interval '2 hours')`,
    );
    await (await open()).catchUp();
    expect(await server.sql(address, 'SELECT version FROM warden.index_version ORDER BY version')).toBe(
      `2\n${POSTGRES_INDEX_VERSION}`,
    );
    expect(
      await server.sql(
        address,
        "SELECT nspname FROM pg_namespace WHERE nspname ~ '^warden_index' ORDER BY nspname",
      ),
    ).toBe(`warden_index_2\n${INDEX_SCHEMA}`);
  });

  it('says in one sentence that the database does not answer, and answers when it does', async () => {
    await server.shutDown();
    await expect(found()).rejects.toMatchObject({
      name: 'RECORD_UNREADABLE',
      message: expect.stringMatching(/^the record cannot be read now: PostgreSQL does not answer \(\w+\)$/),
    });
    await server.restart();
    await until('the index answers again', () =>
      found().then(
        (rows) => rows === RECORDS,
        () => false,
      ),
    );
  }, 60_000);

  it('is filled while another release fills its own', async () => {
    const [fills, version] = FILLER;
    const postgres = connectTo(address);
    endings.defer(() => postgres.close());
    await server.sql(address, `DROP SCHEMA ${INDEX_SCHEMA} CASCADE`);
    await found().catch(() => undefined);
    await postgres.transaction(async (ask) => {
      await ask('SELECT pg_advisory_xact_lock($1, $2)', [fills, version - 1]);
      expect(await found()).toBe(RECORDS);
    });
  });

  it('is made again where the log was put back to an earlier state beneath it', async () => {
    const before = RECORDS / 2;
    await server.sql(
      address,
      `DELETE FROM warden.entry WHERE idx >= ${before}; UPDATE warden.head SET size = ${before}`,
    );
    expect(await found()).toBe(before);
  });

  it.each([
    ['past it', 4],
    ['to it', 0],
  ])('is made again where the log that was put back has grown %s by other records', async (_, more) => {
    const [kept, size] = [RECORDS / 4, (await found()) + more];
    const repo = `put/back-${more}`;
    const leaf = JSON.stringify({ ...record(0), subject: { repo, digest: `sha256:${'f'.repeat(64)}` } });
    await server.sql(
      address,
      `BEGIN; DELETE FROM warden.entry WHERE idx >= ${kept}; UPDATE warden.head SET size = ${size};
       INSERT INTO warden.entry SELECT at, gen_random_uuid(), convert_to('${leaf}', 'UTF8')
       FROM generate_series(${kept}, ${size - 1}) AS rows(at); COMMIT`,
    );
    const { answer } = await index.find({ filters: { repository: repo }, limit: 1_000 });
    expect(answer.rows.length).toBe(size - kept);
    expect(await found()).toBe(size);
  });
});
