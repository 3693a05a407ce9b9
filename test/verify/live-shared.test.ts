import { mkdirSync, rmSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import { liveLog } from '../../src/cli/log-live.ts';
import { LOG_TABLES } from '../../src/provenance/postgres-log-tables.ts';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import type { Postgres } from '../../src/store/postgres.ts';
import { readShared, SIGNING_TABLES } from '../../src/transparency/postgres-last-signed.ts';
import { type SigningLock, writeSigningLock } from '../../src/transparency/signing-lock.ts';
import { verifyLog } from '../../src/verify/verify-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { connectTo } from '../support/on-both.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { entriesOf, KEY, noteOf, ORIGIN, records, writeExport } from './an-export.ts';

const ALL = entriesOf(records(40));
const DATABASE = 'what the database remembers of the last signature';

describeNeeding(['postgres'], 'a log in PostgreSQL that is verified where it lies', () => {
  let server: RunningPostgres;
  let postgres: Postgres;
  let temp: Temp;
  let number = 0;
  /** Of this machine, new for each test: its tiles are gone. */
  let data = '';
  const lockFile = (): string => `${data}.checkpoint.lock`;

  beforeAll(async () => {
    temp = makeTemp('live-shared');
    server = await startPostgres();
    postgres = connectTo(await server.database(), [LOG_TABLES, SIGNING_TABLES]);
  }, 30_000);
  afterAll(async () => {
    await postgres?.close();
    await server?.stop();
    await temp?.stop();
  });
  beforeEach(async () => {
    data = temp.at(`data-${++number}`);
    mkdirSync(data);
    await postgres.ask('TRUNCATE warden.entry');
    await write(ALL);
    await remember(lockOf(ALL));
  });

  async function write(entries: readonly Uint8Array[]): Promise<void> {
    const [from] = await postgres.ask<{ n: string }>('SELECT count(*) AS n FROM warden.entry');
    await postgres.ask(
      `INSERT INTO warden.entry SELECT $1::bigint + at - 1, gen_random_uuid(), leaf
       FROM unnest($2::bytea[]) WITH ORDINALITY AS rows(leaf, at)`,
      [from?.n, entries.map((entry) => Buffer.from(entry))],
    );
    await postgres.ask('UPDATE warden.head SET size = (SELECT count(*) FROM warden.entry)');
  }
  const cut = async (size: number): Promise<void> => {
    await postgres.ask('DELETE FROM warden.entry WHERE idx >= $1', [size]);
    await write([]);
  };
  const remember = (lock: SigningLock | undefined) =>
    postgres.ask('UPDATE warden.signing SET lock = $1', [lock === undefined ? null : JSON.stringify(lock)]);

  function lockOf(
    entries: readonly Uint8Array[],
    origin = ORIGIN,
    former: readonly string[] = [],
  ): SigningLock {
    const checkpoint = noteOf(entries, origin);
    const root = checkpoint.split('\n')[2] as string;
    return {
      ...{ version: 1, checkpoint, former: [...former] },
      current: { origin, size: entries.length, root, keys: ['of no importance here'] },
    };
  }

  async function verified(
    transparency: { readonly lockFile: string } | undefined = { lockFile: lockFile() },
  ) {
    const store = { postgresUrlFile: '', connections: 1, timeoutSeconds: 1, leaseSeconds: 1, waitSeconds: 1 };
    const { source, older, lacking } = await liveLog(
      { data, store, ...(transparency && { transparency }) },
      postgresLogReader(postgres),
      { database: await readShared(postgres), given: false },
    );
    const policy = { logs: [KEY], witnesses: [], quorum: () => true };
    const found = await verifyLog({ source, policy, older, skewMs: 60_000, meaning: true });
    return {
      size: found.checkpoint?.size,
      problems: found.problems.map(({ sentence }) => sentence),
      lacking,
    };
  }

  it('is held against what the database remembers, also without tiles and lock file', async () => {
    writeSigningLock(lockFile(), lockOf(ALL.slice(0, 30)));
    expect(await verified()).toEqual({ size: 40, problems: [], lacking: undefined });
    await cut(39);
    expect((await verified()).problems).toEqual([
      'entries 0 to 39 are not there',
      'without them and their hashes the tree cannot be made',
    ]);
    await write([ALL[38] as Uint8Array]);
    expect((await verified()).problems).toContain('the 40 entries do not have the root that was signed');
    expect((await verified(undefined)).problems).toContain(
      `${DATABASE}: the first 40 entries of the log are not those that it was signed for`,
    );
  });

  it('is held against it where the tiles are those of an earlier state', async () => {
    writeExport(`${data}/tlog`, ALL.slice(0, 20));
    await cut(20);
    writeSigningLock(lockFile(), lockOf(ALL.slice(0, 20)));
    expect((await verified()).problems).toEqual([
      `${DATABASE} has 40 entries, and the log 20: entries that were signed are gone`,
    ]);
    // A database that was put back as well: what this machine saw is left.
    writeSigningLock(lockFile(), lockOf(ALL));
    await remember(lockOf(ALL.slice(0, 20)));
    expect((await verified()).problems).toEqual([
      `${lockFile()} has 40 entries, and the log 20: entries that were signed are gone`,
    ]);
  });

  it('has a row that is longer than any entry as a finding, and the rest of it is verified', async () => {
    writeExport(`${data}/tlog`, ALL);
    const long = Buffer.from(JSON.stringify({ v: 1, type: 'x'.repeat(70_000) }));
    await postgres.ask('UPDATE warden.entry SET leaf = $1 WHERE idx = 5', [long]);
    await postgres.ask("UPDATE warden.entry SET leaf = leaf || '\\x20' WHERE idx = 9");
    expect((await verified()).problems).toEqual(
      expect.arrayContaining([
        `entry 5 has ${long.length} bytes, and no entry has more than 65535`,
        'entry 9 is not in the form of RFC 8785: readers may differ in what it says',
        'the 40 entries do not have the root that was signed',
      ]),
    );
  });

  it('is good on a machine without a lock file, which says what was not compared', async () => {
    expect(await verified()).toEqual({
      ...{ size: 40, problems: [] },
      lacking: `${lockFile()} is missing: what this machine saw signed is not compared`,
    });
    await remember(undefined);
    await expect(verified()).rejects.toThrow('holds no checkpoint');
  });

  it('is not held against an origin that another one follows', async () => {
    const before = lockOf([...ALL.slice(0, 10), Buffer.from('{}')], 'registry.test/before');
    writeSigningLock(lockFile(), before);
    await remember(lockOf(ALL, ORIGIN, [before.checkpoint as string]));
    expect((await verified()).problems).toEqual([]);
    await remember(lockOf(ALL));
    expect((await verified()).problems).toEqual([expect.stringContaining(lockFile())]);
  });

  it('is held against what this machine saw, whatever the database says came after it', async () => {
    writeSigningLock(lockFile(), lockOf(ALL));
    writeExport(`${data}/tlog`, ALL.slice(0, 20));
    await cut(20);
    const gone = `${lockFile()} has 40 entries, and the log 20: entries that were signed are gone`;
    const earlier = lockOf(ALL.slice(0, 20));
    const { checkpoint: _, ...unsigned } = lockOf([], 'registry.test/other', [`${ORIGIN}\n`]);
    await remember(unsigned);
    expect((await verified()).problems).toEqual([gone]);
    // Also where the signed note of an earlier state stands for that of the other name, with tiles and without.
    await remember({ ...unsigned, ...(earlier.checkpoint && { checkpoint: earlier.checkpoint }) });
    expect((await verified()).problems).toEqual([gone]);
    rmSync(`${data}/tlog`, { recursive: true });
    expect((await verified()).problems).not.toEqual([]);
    // Each says that it came after the other.
    writeSigningLock(lockFile(), lockOf(ALL, ORIGIN, ['registry.test/other\n']));
    await remember(lockOf(ALL.slice(0, 20), 'registry.test/other', [`${ORIGIN}\n`]));
    expect((await verified()).problems).not.toEqual([]);
  });
});
