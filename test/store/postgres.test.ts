import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CommitUnknown, connectPostgres, type Postgres } from '../../src/store/postgres.ts';
import { parsePostgresAddress } from '../../src/store/postgres-address.ts';
import { DATABASE_TROUBLE, DATABASE_UNFIT } from '../../src/store/postgres-failure.ts';
import type { PostgresFamily } from '../../src/store/postgres-schema.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';

const parse = (text: string) => {
  const parsed = parsePostgresAddress(text);
  return parsed.ok ? parsed.address : parsed.reason;
};

it.each([
  [
    'postgresql://warden:p%40ss@db.corp/registry',
    { host: 'db.corp', port: 5432, database: 'registry', user: 'warden', password: 'p@ss', tls: true },
  ],
  ['postgres://u:p@db:6000/d?sslmode=disable', { host: 'db', port: 6000, tls: false }],
  ['postgres://u:p@127.0.0.1/d', { host: '127.0.0.1', tls: false }],
  ['postgres://u:p@127.example.com/d', { host: '127.example.com', tls: true }],
  ['postgres://u:p@[::1]:5433/d?sslmode=verify-full', { host: '::1', port: 5433, tls: true }],
  ['postgresql://u@/d?host=/run/postgresql', { host: '/run/postgresql', password: undefined, tls: false }],
  ['mysql://u:p@h/d', 'expected one line: postgresql://user:password@host[:port]/database'],
  ['postgres://h/d', 'expected one line: postgresql://user:password@host[:port]/database'],
  ['postgres://u:p@h/', 'expected one line: postgresql://user:password@host[:port]/database'],
  [
    'postgres://u:p@h/d\npostgres://u:p@h/d',
    'expected one line: postgresql://user:password@host[:port]/database',
  ],
  ['postgres://u:p%zz@h/d', 'expected one line: postgresql://user:password@host[:port]/database'],
  ['postgres://u:p@h/d?sslmode=require', 'sslmode is verify-full or disable'],
  ['postgres://u:p@h/d?options=-c', 'its only parameters are host and sslmode'],
  ['postgres://u:p@h/d?host=db', 'the parameter host is the folder of a Unix socket, and begins with /'],
])('the address %j is read', (text, expected) => {
  const read = parse(text);
  if (typeof expected === 'string') expect(read).toBe(expected);
  else expect(read).toMatchObject(expected);
});

describeNeeding(['postgres'], 'connections to PostgreSQL', () => {
  let server: RunningPostgres;
  let address = '';
  const open: Postgres[] = [];
  const ONE: PostgresFamily = { name: 'one', steps: ['CREATE TABLE warden.one (a integer)'] };

  function connect(
    families: readonly PostgresFamily[] = [],
    changes: { timeoutMs?: number } = {},
    at = address,
  ) {
    const parsed = parsePostgresAddress(at);
    if (!parsed.ok) throw new Error(parsed.reason);
    const postgres = connectPostgres({
      ...{ address: parsed.address, name: 'test', connections: 3, timeoutMs: 2_000, families, ...changes },
    });
    open.push(postgres);
    return postgres;
  }

  beforeAll(async () => {
    server = await startPostgres();
  }, 30_000);
  afterAll(async () => {
    await Promise.all(open.map((postgres) => postgres.close()));
    await server.stop();
  });

  it('make the tables once, whoever is first, and move them forward', async () => {
    address = await server.database();
    await Promise.all([1, 2, 3].map(() => connect([ONE]).ask('INSERT INTO warden.one VALUES (1)')));
    const two = { ...ONE, steps: [...ONE.steps, 'ALTER TABLE warden.one ADD COLUMN b integer DEFAULT 7'] };
    const other = { name: 'other', steps: ['CREATE TABLE warden.other (c integer)'] };
    const rows = await connect([two, other]).ask('SELECT sum(b)::int AS sum FROM warden.one');
    expect(rows).toEqual([{ sum: 21 }]);
    await expect(connect([ONE]).ask('SELECT 1')).rejects.toMatchObject({
      message:
        'PostgreSQL: the tables of warden.one have schema version 2, this release knows version 1: use the release that made them',
      errcode: DATABASE_UNFIT,
    });
  });

  it('leave nothing of a step that fails', async () => {
    address = await server.database();
    const broken = { ...ONE, steps: [...ONE.steps, 'CREATE TABLE broken ('] };
    await expect(connect([broken]).ask('SELECT 1')).rejects.toMatchObject({ errcode: DATABASE_UNFIT });
    expect(await server.sql(address, "SELECT to_regclass('warden.meta') IS NULL")).toBe('t');
    await connect([ONE]).ask('SELECT a FROM warden.one');
  });

  it.each([
    ['synchronous_commit = off', 'synchronous_commit is off: what it commits can be lost; expected on'],
    ['default_transaction_read_only = on', 'it is read-only'],
  ])('are refused where %s', async (setting, sentence) => {
    address = await server.database();
    const name = address.split('/').at(-1);
    await server.sql(address, `ALTER DATABASE ${name} SET ${setting}`);
    await expect(connect([ONE]).ask('SELECT 1')).rejects.toThrow(sentence);
  });

  it('say in one sentence, without the password, what is wrong', async () => {
    address = await server.database();
    const wrong = address.replace(/:[^:@]*@/, ':wr0ng@');
    await expect(connect([], {}, wrong).ask('SELECT 1')).rejects.toMatchObject({
      message: 'PostgreSQL: it refused: password authentication failed for user "administrator" (28P01)',
      errcode: DATABASE_UNFIT,
    });
    await expect(connect([], {}, `${address}x`).ask('SELECT 1')).rejects.toMatchObject({
      message: expect.stringMatching(/^PostgreSQL: it refused: database ".*" does not exist \(3D000\)$/),
    });
  });

  it('fail in bounded time where the server is stopped, at once where it is gone, and go on when it is back', async () => {
    address = await server.database();
    const postgres = connect([ONE], { timeoutMs: 300 });
    await postgres.ask('SELECT 1');
    server.pause();
    for (const round of [1, 2]) {
      const asked = postgres.ask('SELECT $1::int', [round]);
      await expect(asked).rejects.toMatchObject({
        message: 'PostgreSQL does not answer (no answer in time)',
        errcode: DATABASE_TROUBLE,
      });
    }
    server.resume();
    expect(await postgres.ask('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await server.kill();
    await expect(postgres.ask('SELECT 1')).rejects.toMatchObject({ errcode: DATABASE_TROUBLE });
    await expect(postgres.ask('SELECT 1')).rejects.toThrow('PostgreSQL does not answer (ECONNREFUSED)');
    await server.restart();
    expect(await postgres.ask('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('give a lock back when their process is stopped in the middle of a transaction', async () => {
    address = await server.database();
    const [stopped, other] = [connect([ONE], { timeoutMs: 300 }), connect([ONE], { timeoutMs: 2_000 })];
    await stopped.ask('INSERT INTO warden.one VALUES (1)');
    const locked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const gone = stopped.transaction(async (ask) => {
      await ask('SELECT a FROM warden.one FOR UPDATE');
      locked.resolve();
      await go.promise;
      await ask('SELECT 1');
    });
    gone.catch(() => undefined);
    await locked.promise;
    expect(await other.ask('UPDATE warden.one SET a = 2 RETURNING a')).toEqual([{ a: 2 }]);
    go.resolve();
    await expect(gone).rejects.toMatchObject({ errcode: DATABASE_TROUBLE });
  });

  it('know when they do not know whether a commit was done', async () => {
    address = await server.database();
    const postgres = connect([ONE], { timeoutMs: 300 });
    const committing = postgres.transaction(async (ask) => {
      await ask('INSERT INTO warden.one VALUES (1)');
      server.pause();
    });
    await expect(committing).rejects.toBeInstanceOf(CommitUnknown);
    server.resume();
  });
});
