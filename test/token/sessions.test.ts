import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DocumentStore } from '../../src/store/documents.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';
import { adoptSessions } from '../../src/token/adopt-sessions.ts';
import { bindSessions } from '../../src/token/session-binding.ts';
import { createSessions, type SessionStart, type Sessions } from '../../src/token/sessions.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const DAY = 24 * 3600 * 1000;
const LOGIN = {
  subject: 'alice',
  service: 'registry.corp',
  credential: 'fingerprint',
  address: '10.1.2.11',
  clientId: 'docker',
};

let temp: Temp;
let store: DocumentStore;
let clock: { ms: number };
beforeEach(async () => {
  temp = makeTemp('sessions');
  clock = { ms: 1_800_000_000_000 };
  store = await openSqliteDocuments({ file: temp.at('credentials.db') });
});
afterEach(async () => {
  await store.close();
  await temp.stop();
});

const LIFETIMES = { idleMs: 30 * DAY, absoluteMs: 180 * DAY };

function open(bits?: Parameters<typeof bindSessions>[0]): Sessions {
  return createSessions({
    documents: store.of('session'),
    now: () => clock.ms,
    random: randomBytes,
    binding: bindSessions(bits),
    ...LIFETIMES,
  });
}

async function begin(sessions: Sessions, login: SessionStart): Promise<string> {
  return (await sessions.start(login)).token;
}

const ALICE = expect.objectContaining({ subject: 'alice', credential: 'fingerprint' });

describe('a refresh token', () => {
  it('is opaque, random, and of use again and again', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    expect(token).toMatch(/^wrt_[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{43}$/);
    expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    expect(await sessions.use(token, 'registry.corp', '10.1.2.12')).toEqual(ALICE);
    expect(await begin(sessions, LOGIN)).not.toBe(token);
  });

  it('is kept only as a digest', async () => {
    const token = await begin(open(), LOGIN);
    await store.close();
    const bytes = readFileSync(temp.at('credentials.db'));
    const [id = '', secret = ''] = token.slice(4).split('.');
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(token)).toBe(false);
    expect(bytes.includes(id)).toBe(true);
    expect(bytes.includes(createHash('sha256').update(token).digest('base64url'))).toBe(true);
    expect(statSync(temp.at('credentials.db')).mode & 0o777).toBe(0o600);
  });

  it('outlasts a restart', async () => {
    const token = await begin(open(), LOGIN);
    await store.close();
    store = await openSqliteDocuments({ file: temp.at('credentials.db') });
    expect(await open().use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
  });

  it('is good for its own service only', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    expect(await sessions.use(token, 'registry.corp/api', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(token, '', '10.1.2.11')).toBeUndefined();
  });

  it('ends when it was not used for too long', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    for (let use = 0; use < 3; use++) {
      clock.ms += 30 * DAY - 1;
      expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    }
    clock.ms += 30 * DAY;
    expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toBeUndefined();
  });

  it('ends after its whole time, however much it is used', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    const started = clock.ms;
    for (let day = 10; day < 180; day += 10) {
      clock.ms = started + day * DAY;
      expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    }
    clock.ms = started + 180 * DAY;
    expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toBeUndefined();
  });

  it('ends when it is revoked, alone or with all of its subject', async () => {
    const sessions = open();
    const [one, two, other] = [
      await begin(sessions, LOGIN),
      await begin(sessions, LOGIN),
      await begin(sessions, { ...LOGIN, subject: 'bob' }),
    ];
    const id = (await sessions.find(one))?.id ?? '';
    expect(await sessions.revoke(id)).toBe(true);
    expect(await sessions.revoke(id)).toBe(false);
    expect(await sessions.use(one, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(two, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    expect(await sessions.revokeSubject('alice')).toBe(1);
    expect(await sessions.use(two, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(other, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'bob' });
  });

  it('is nothing with another secret, or when it is something else', async () => {
    const sessions = open();
    const [one, two] = [await begin(sessions, LOGIN), await begin(sessions, { ...LOGIN, subject: 'bob' })];
    const crossed = `${one.split('.')[0]}.${two.split('.')[1]}`;
    const jwt = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.AAAA';
    for (const token of [
      crossed,
      `${one}x`,
      one.slice(0, -1),
      ` ${one}`,
      `${one}\n`,
      '',
      'wrt_',
      'bogus',
      jwt,
    ]) {
      expect([token, await sessions.use(token, 'registry.corp', '10.1.2.11')]).toEqual([token, undefined]);
    }
  });

  it('is never found by chance or by SQL', async () => {
    const sessions = open();
    await begin(sessions, LOGIN);
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `wrt_${text}.${text}`),
        ),
        async (token) => {
          expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toBeUndefined();
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('the list of sessions', () => {
  it('shows who, from where and when, and nothing of the tokens', async () => {
    const sessions = open();
    const token = await begin(sessions, { ...LOGIN, clientId: `evil\r\nclient${'x'.repeat(100)}` });
    const started = clock.ms;
    clock.ms += 61_000;
    await sessions.use(token, 'registry.corp', '10.1.2.12');
    const rows = await sessions.list();
    expect(rows).toEqual([
      {
        id: expect.stringMatching(/^[A-Za-z0-9_-]{16}$/),
        subject: 'alice',
        service: 'registry.corp',
        clientId: `evil??client${'x'.repeat(52)}`,
        startedAt: started,
        startAddress: '10.1.2.11',
        usedAt: clock.ms,
        useAddress: '10.1.2.12',
      },
    ]);
    expect(await sessions.list('bob')).toEqual([]);
    expect(await sessions.list('alice')).toHaveLength(1);
  });

  it('has the last use written down no more than once a minute', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    const started = clock.ms;
    clock.ms += 59_999;
    await sessions.use(token, 'registry.corp', '10.1.2.12');
    expect(await sessions.list()).toMatchObject([{ usedAt: started, useAddress: '10.1.2.11' }]);
    clock.ms += 1;
    await sessions.use(token, 'registry.corp', '10.1.2.12');
    expect(await sessions.list()).toMatchObject([{ usedAt: clock.ms, useAddress: '10.1.2.12' }]);
  });

  it('does not show what has expired, and loses it when told to', async () => {
    const sessions = open();
    await begin(sessions, LOGIN);
    clock.ms += 31 * DAY;
    await begin(sessions, { ...LOGIN, subject: 'bob' });
    expect((await sessions.list()).map(({ subject }) => subject)).toEqual(['bob']);
    clock.ms += 31 * DAY;
    expect(await sessions.purge()).toBe(2);
    expect(await sessions.list()).toEqual([]);
  });

  it('holds a thousand of one subject, and ends the one longest unused beyond', async () => {
    const sessions = open();
    const first = await begin(sessions, LOGIN);
    const other = await begin(sessions, { ...LOGIN, subject: 'bob' });
    clock.ms += 1;
    await Promise.all(Array.from({ length: 999 }, () => begin(sessions, LOGIN)));
    expect(await sessions.use(first, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    clock.ms += 1;
    await begin(sessions, LOGIN);
    expect(await sessions.list('alice')).toHaveLength(1000);
    expect(await sessions.use(first, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(other, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'bob' });
  });
});

describe('the file of sessions', () => {
  it('may be one that cannot be written to at the moment: sessions are used on, none begins', async () => {
    const sessions = open();
    const token = await begin(sessions, LOGIN);
    const holder = new DatabaseSync(temp.at('credentials.db'));
    holder.exec('BEGIN IMMEDIATE');
    clock.ms += 61_000;
    try {
      expect(await sessions.use(token, 'registry.corp', '10.1.2.12')).toEqual(ALICE);
      await expect(sessions.start(LOGIN)).rejects.toMatchObject({ name: 'StoreError', errcode: 5 });
    } finally {
      holder.exec('ROLLBACK');
      holder.close();
    }
    expect(await sessions.use(await begin(sessions, LOGIN), 'registry.corp', '10.1.2.12')).toEqual(ALICE);
  });
});

describe('a session that is bound to its place', () => {
  it.each<[string, Parameters<typeof bindSessions>[0], string, string, boolean]>([
    ['nothing', undefined, '10.1.2.11', '2001:db8::1', true],
    ['its address', { ipv4Bits: 32, ipv6Bits: 128 }, '10.1.2.11', '10.1.2.11', true],
    ['its address', { ipv4Bits: 32, ipv6Bits: 128 }, '10.1.2.11', '10.1.2.10', false],
    ['its address', { ipv4Bits: 32, ipv6Bits: 128 }, '2001:db8::1', '2001:db8::1', true],
    ['its address', { ipv4Bits: 32, ipv6Bits: 128 }, '2001:db8::1', '2001:db8::2', false],
    ['its network', { ipv4Bits: 24, ipv6Bits: 64 }, '10.1.2.11', '10.1.2.254', true],
    ['its network', { ipv4Bits: 24, ipv6Bits: 64 }, '10.1.2.11', '10.1.3.11', false],
    ['its network', { ipv4Bits: 24, ipv6Bits: 64 }, '2001:db8::1', '2001:db8::ffff:0:0:1', true],
    ['its network', { ipv4Bits: 24, ipv6Bits: 64 }, '2001:db8::1', '2001:db8:0:1::1', false],
    ['its family', { ipv4Bits: 8, ipv6Bits: 16 }, '10.1.2.11', 'a01:20b::', false],
    ['what is an address', { ipv4Bits: 8, ipv6Bits: 16 }, '10.1.2.11', 'jenkins-01', false],
  ])('to %s %j: begun at %s, used at %s: %s', async (_, bits, begun, used, good) => {
    const sessions = open(bits);
    const token = await begin(sessions, { ...LOGIN, address: begun });
    expect(await sessions.use(token, 'registry.corp', used)).toEqual(good ? ALICE : 'elsewhere');
    // A try from elsewhere does not end it where it belongs.
    expect(await sessions.use(token, 'registry.corp', begun)).toEqual(ALICE);
  });
});

describe('a session of a robot or a grant', () => {
  it('says so to its tokens, and ends with it', async () => {
    const sessions = open();
    const notAfter = clock.ms + 3_600_000;
    const robot = await begin(sessions, { ...LOGIN, subject: 'deployer', via: { robot: 'r1' }, notAfter });
    const grant = await begin(sessions, { ...LOGIN, via: { grant: 'g1' } });
    const used = await sessions.use(robot, 'registry.corp', '10.1.2.11');
    const { id } = (await sessions.find(robot)) ?? { id: '' };
    expect(used).toMatchObject({ via: { robot: 'r1', session: id }, startedAt: clock.ms, notAfter });
    expect(await sessions.revokeVia('grant', 'g1')).toBe(1);
    expect(await sessions.use(grant, 'registry.corp', '10.1.2.11')).toBeUndefined();
    clock.ms = notAfter - 1;
    expect(await sessions.use(robot, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'deployer' });
    clock.ms = notAfter;
    expect(await sessions.use(robot, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.list()).toEqual([]);
  });

  it('ends with those of its robot that were begun until then, by its id or its name', async () => {
    const sessions = open();
    const of = { ...LOGIN, subject: 'deployer', via: { robot: 'r1' } };
    await begin(sessions, of);
    clock.ms += 1000;
    const later = await begin(sessions, of);
    expect(await sessions.revokeVia('robot', 'deployer', clock.ms - 1)).toBe(1);
    expect(await sessions.use(later, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'deployer' });
    expect(await sessions.revokeVia('robot', 'r1')).toBe(1);
  });
});

describe('sessions of an earlier release', () => {
  /** As that release made its file. */
  function oldFile(rows: readonly (readonly [id: string, token: string])[]): string {
    const file = temp.at('sessions.db');
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA journal_mode=WAL;
      CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
      INSERT INTO meta VALUES ('version', 1), ('probe', 0);
      CREATE TABLE session (id TEXT PRIMARY KEY, digest BLOB NOT NULL, subject TEXT NOT NULL, service TEXT NOT NULL,
        credential TEXT NOT NULL, client_id TEXT NOT NULL, started_at INTEGER NOT NULL, start_address TEXT NOT NULL,
        used_at INTEGER NOT NULL, use_address TEXT NOT NULL) STRICT, WITHOUT ROWID`);
    const insert = db.prepare('INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    for (const [id, token] of rows) {
      const digest = createHash('sha256').update(token).digest();
      insert.run(
        ...([id, digest, 'alice', 'registry.corp', 'fingerprint', 'docker'] as const),
        ...([clock.ms - DAY, '10.1.2.11', clock.ms - 1000, '10.1.2.12'] as const),
      );
    }
    db.close();
    return file;
  }
  const tokenOf = (id: string): string => `wrt_${id}.${randomBytes(32).toString('base64url')}`;
  const newId = (): string => randomBytes(12).toString('base64url');

  it('are taken over once, and nobody is logged out', async () => {
    const rows = Array.from({ length: 50 }, () => newId()).map((id) => [id, tokenOf(id)] as const);
    const file = oldFile(rows);
    const take = () => adoptSessions({ file, documents: store.of('session'), ...LIFETIMES });
    expect(await take()).toBe(50);
    for (const name of [file, `${file}-wal`, `${file}-shm`]) expect(existsSync(name)).toBe(false);
    const sessions = open();
    for (const [, token] of rows)
      expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    expect((await sessions.list('alice'))[0]).toMatchObject({
      ...{ clientId: 'docker', startedAt: clock.ms - DAY, usedAt: clock.ms - 1000 },
      ...{ startAddress: '10.1.2.11', useAddress: '10.1.2.12' },
    });
    expect(await take()).toBe(0);
  });

  it('are taken over further where that was interrupted', async () => {
    const [one, two] = [newId(), newId()].map((id) => [id, tokenOf(id)] as const) as [
      readonly [string, string],
      readonly [string, string],
    ];
    await adoptSessions({ file: oldFile([one]), documents: store.of('session'), ...LIFETIMES });
    const file = oldFile([one, two]);
    expect(await adoptSessions({ file, documents: store.of('session'), ...LIFETIMES })).toBe(2);
    expect(await open().list()).toHaveLength(2);
  });

  it('are refused with one sentence when their file is something else', async () => {
    const file = temp.at('sessions.db');
    writeFileSync(file, 'no database at all, but long enough to look at'.repeat(20));
    await expect(adoptSessions({ file, documents: store.of('session'), ...LIFETIMES })).rejects.toThrow(
      `the sessions ${file}: it is not a database`,
    );
    expect(existsSync(file)).toBe(true);
  });
});
