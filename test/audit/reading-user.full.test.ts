/** A user of the database who may only read: what works with which rights, and what is said without. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createWorld } from '../../bench/record-leaves.ts';
import { questionsAsked } from '../../bench/record-questions.ts';
import { openAudit } from '../../src/audit/open-audit.ts';
import { databaseOf } from '../../src/cli/open-log.ts';
import { INDEX_SCHEMA } from '../../src/index/postgres/schema.ts';
import { sharedIndex } from '../../src/index/postgres/shared-index.ts';
import { createRecordIndex } from '../../src/index/record-index.ts';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { systemClock } from '../../src/store/clock.ts';
import { startIndexAt } from '../index/postgres/shared.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { openLog } from '../support/postgres-log.ts';
import { run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const RECORDS = 300;
const MAIN = join(import.meta.dirname, '../../src/main.ts');

describeNeeding(['postgres'], 'an auditor whose user of the database may only read', () => {
  const world = createWorld(RECORDS);
  let temp: Temp;
  let server: RunningPostgres;
  /** Of the user who owns the tables. */
  let address = '';

  beforeAll(async () => {
    temp = makeTemp('reading-user');
    server = await startPostgres();
    address = await server.database();
    await server.sql(address, "CREATE ROLE auditor LOGIN PASSWORD 'reads'");
    await append(0, 2);
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await temp?.stop();
  });

  async function append(from: number, end: number): Promise<void> {
    const log = openLog(address, { patienceMs: 20_000 });
    await Promise.all(Array.from({ length: end - from }, (_, n) => log.store.append(world.record(from + n))));
    await log.close();
  }

  const store = () => ({
    ...{
      postgresUrlFile: temp.at('url'),
      connections: 1,
      timeoutSeconds: 10,
      leaseSeconds: 15,
      waitSeconds: 1,
    },
  });
  /** A Warden that runs makes all tables when it first connects; a question to it makes the index. */
  async function makeTables(): Promise<void> {
    writeFileSync(temp.at('url'), `${address}\n`);
    const postgres = databaseOf({ store: store() });
    await postgres?.ask('SELECT 1');
    await postgres?.close();
  }
  async function fillIndex(): Promise<void> {
    const thread = await startIndexAt(address);
    const postgres = openLog(address);
    await createRecordIndex({
      ...{ store: sharedIndex(thread), log: postgresLogReader(postgres.postgres), clock: systemClock },
    }).catchUp();
    await thread.close();
    await postgres.close();
  }
  const asAuditor = (): string => {
    const url = new URL(address);
    url.username = 'auditor';
    url.password = 'reads';
    return url.href;
  };

  /** @returns what `warden audit pushes` says. */
  async function ask(): Promise<{ status: number | null; out: string; err: string }> {
    writeFileSync(temp.at('url'), `${asAuditor()}\n`);
    writeFileSync(
      temp.at('warden.yaml'),
      `publicUrl: http://127.0.0.1:5000
listen: { host: 127.0.0.1, port: 5000 }
registry: { url: http://127.0.0.1:5001, keyFile: none.pem, certificateFile: none.crt }
tokens: { keyFile: other.pem }
policy: policies
users: users.yaml
data: data
store: { postgresUrlFile: url }
`,
    );
    const { status, stdout, stderr } = await run(process.execPath, [
      ...[MAIN, 'audit', 'pushes', '--config', temp.at('warden.yaml'), '--limit', '1000', '--json'],
    ]);
    return { status, out: stdout, err: stderr };
  }

  it('is told in one sentence what is missing, until it is there', async () => {
    expect(await ask()).toMatchObject({
      err: expect.stringMatching(/^[^\n]*permission denied for schema warden[^\n]*\n$/),
    });
    await server.sql(
      address,
      'GRANT USAGE ON SCHEMA warden TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA warden TO auditor',
    );
    expect(await ask()).toMatchObject({
      err: expect.stringMatching(
        /^[^\n]*tables of this release \([^\n]*\) are missing, and this user may not make them[^\n]*\n$/,
      ),
    });
    await makeTables();
    await server.sql(address, 'GRANT SELECT ON ALL TABLES IN SCHEMA warden TO auditor');
    await fillIndex();
    expect(await ask()).toMatchObject({
      err: expect.stringMatching(
        /^[^\n]*needs USAGE of schema warden_index_\d+ and SELECT on its tables[^\n]*\n$/,
      ),
    });
    await server.sql(
      address,
      `GRANT USAGE ON SCHEMA ${INDEX_SCHEMA} TO auditor; GRANT SELECT ON ALL TABLES IN SCHEMA ${INDEX_SCHEMA} TO auditor`,
    );
    expect(await ask()).toMatchObject({ status: 0, err: '' });
    await append(2, RECORDS);
    expect(await ask()).toMatchObject({
      status: 0,
      err: `the index cannot be written here, and covers 2 of the ${RECORDS} entries of the log\n`,
    });
    await server.sql(address, `DROP SCHEMA ${INDEX_SCHEMA} CASCADE`);
    expect(await ask()).toMatchObject({
      err: expect.stringMatching(
        /^[^\n]*no index of the record of this release \(schema warden_index_\d+\), and this user may not make one[^\n]*\n$/,
      ),
    });
  }, 60_000);

  it('reads with the rights that the owner gives beforehand what is made later, and every question is answered', async () => {
    await server.sql(
      address,
      `REVOKE SELECT ON ALL TABLES IN SCHEMA warden FROM auditor;
       GRANT SELECT ON warden.meta, warden.head, warden.entry, warden.archived, warden.pull, warden.pulled_hour,
         warden.pulled_day TO auditor;
       ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO auditor; ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO auditor`,
    );
    await fillIndex();
    writeFileSync(temp.at('url'), `${asAuditor()}\n`);
    const postgres = databaseOf({ store: store() });
    const opened = await openAudit(temp.path, postgres);
    let rows = 0;
    try {
      for (const { name, parameters, only } of questionsAsked(world, RECORDS)) {
        const mayRead = (repository: string): boolean => repository.startsWith(only ?? '');
        rows += (await opened.audit.ask(name, parameters, mayRead)).items.length;
      }
    } finally {
      await opened.close();
      await postgres?.close();
    }
    expect(rows).toBeGreaterThan(200);
    expect(opened.lacking?.()).toBeUndefined();
  }, 60_000);
});
