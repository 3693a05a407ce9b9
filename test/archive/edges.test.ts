/** What an archive and its log are when somebody was at them: on both databases. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ArchivableLog } from '../../src/archive/archivable-log.ts';
import { type ArchiveOptions, archiveLog } from '../../src/archive/archive-log.ts';
import { openPostgresArchivable } from '../../src/archive/postgres-archivable.ts';
import { openSqliteArchivable } from '../../src/archive/sqlite-archivable.ts';
import type { PushRecord } from '../../src/provenance/record.ts';
import { openSqliteLogReader } from '../../src/provenance/sqlite-log.ts';
import { type Verification, verifyLog } from '../../src/verify/verify-log.ts';
import { appendToFile, copyLog } from '../index/postgres/shared.ts';
import { describeNeeding } from '../support/needs.ts';
import { startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { entriesOf, KEY, records, writeExport } from '../verify/an-export.ts';

/** Of what a push has they hold what is verified. */
const RECORDS = records(1_100) as readonly PushRecord[];
const ENTRIES = entriesOf(RECORDS);
const POLICY = { logs: [KEY], witnesses: [], quorum: () => true };
/** Of record 300 and of record 800: one record a second. */
const EARLY = Date.parse('2026-01-01T00:05:00Z');
const LATER = Date.parse('2026-01-01T00:13:20Z');

interface Place {
  open(): ArchivableLog;
  /** One statement that both databases know. */
  change(statement: string): Promise<unknown>;
  stop(): Promise<void>;
}

function inFile(folder: string): Place {
  return {
    open: () => openSqliteArchivable(folder),
    async change(statement) {
      const db = new DatabaseSync(join(folder, 'log.db'));
      db.exec(statement);
      db.close();
    },
    stop: async () => undefined,
  };
}

async function inPostgres(folder: string): Promise<Place> {
  const server = await startPostgres();
  const address = await server.database();
  const reader = await openSqliteLogReader({ folder });
  await copyLog(reader, address);
  await reader.close();
  return {
    open: () => openPostgresArchivable(connectTo(address)),
    change: (statement) => server.sql(address, statement.replace(/\bentry\b/, 'warden.entry')),
    stop: () => server.stop(),
  };
}

function suite(make: (folder: string) => Place | Promise<Place>): void {
  let temp: Temp;
  let place: Place;
  let log: ArchivableLog;
  const tree = () => temp.at('tlog');

  beforeAll(async () => {
    temp = makeTemp('archive-edges');
    writeExport(tree(), ENTRIES);
    mkdirSync(temp.at('data'));
    await appendToFile(temp.at('data'), RECORDS);
    place = await make(temp.at('data'));
    log = place.open();
  }, 60_000);
  afterAll(async () => {
    await log?.close();
    await place?.stop();
    await temp?.stop();
  });

  const archive = (more: Partial<ArchiveOptions>) =>
    archiveLog({
      ...{ log, tree: tree(), to: temp.at('one'), before: EARLY, policy: POLICY },
      ...{ onVerified: async () => undefined, ...more },
    });
  const verified = (): Promise<Verification> =>
    verifyLog({ source: log.source(tree()), policy: POLICY, older: [], skewMs: 0, meaning: false });

  it('keeps the place of an archive that another command began at the same time', async () => {
    const other = place.open();
    await expect(
      archive({
        ...{ log: other, to: temp.at('two') },
        onVerified: async () => {
          expect(await archive({ before: LATER })).toEqual({ until: 768, taken: 768 });
        },
      }),
    ).rejects.toThrow(`records below 768 are in ${temp.at('one')}: an archive is one folder`);
    await other.close();
    expect(await log.archived()).toEqual({ until: 768, folder: temp.at('one') });
    expect(await verified()).toMatchObject({ ok: true });
  }, 60_000);

  it('names a bundle of it in which one bit was changed, and what else is wrong', async () => {
    const file = join(temp.at('one'), 'tile', 'entries', '001.gz');
    const good = readFileSync(file);
    const bad = Buffer.from(good);
    bad[2_000] = (bad[2_000] ?? 0) ^ 4;
    writeFileSync(file, bad);
    const { problems } = await verified();
    writeFileSync(file, good);
    expect(problems).toEqual([
      { index: 256, sentence: `entries 256 to 511 cannot be read: ${file} cannot be unpacked` },
    ]);
  });

  it('names an entry that was taken from the log, and does not look for it in the archive', async () => {
    await place.change('DELETE FROM entry WHERE idx = 768');
    const { problems } = await verified();
    expect(problems[0]).toEqual({
      index: 768,
      sentence: 'entry 768 is not the one that tile/0/003 has the hash of',
    });
  });
}

describe('an archive of a log in a file', () => suite(inFile));
describeNeeding(['postgres'], 'an archive of a log in a database', () => suite(inPostgres));
