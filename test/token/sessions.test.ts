import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Thread } from '../../src/store/thread.ts';
import { createSessions, startSessionsThread } from '../../src/token/sessions.ts';
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
let thread: Thread;
let clock: { ms: number };
beforeEach(async () => {
  temp = makeTemp('sessions');
  clock = { ms: 1_800_000_000_000 };
  thread = await startSessionsThread({ file: temp.at('sessions.db') });
});
afterEach(async () => {
  await thread.close();
  await temp.stop();
});

function open() {
  return createSessions({
    thread,
    now: () => clock.ms,
    random: randomBytes,
    idleMs: 30 * DAY,
    absoluteMs: 180 * DAY,
  });
}

const ALICE = { id: expect.any(String), subject: 'alice', credential: 'fingerprint' };

describe('a refresh token', () => {
  it('is opaque, random, and of use again and again', async () => {
    const sessions = open();
    const token = await sessions.start(LOGIN);
    expect(token).toMatch(/^wrt_[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{43}$/);
    expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    expect(await sessions.use(token, 'registry.corp', '10.1.2.12')).toEqual(ALICE);
    expect(await sessions.start(LOGIN)).not.toBe(token);
  });

  it('is kept only as a digest', async () => {
    const token = await open().start(LOGIN);
    await thread.close();
    const bytes = readFileSync(temp.at('sessions.db'));
    const [id = '', secret = ''] = token.slice(4).split('.');
    expect(bytes.includes(secret)).toBe(false);
    expect(bytes.includes(token)).toBe(false);
    expect(bytes.includes(id)).toBe(true);
    expect(bytes.includes(createHash('sha256').update(token).digest())).toBe(true);
    expect(statSync(temp.at('sessions.db')).mode & 0o777).toBe(0o600);
  });

  it('outlasts a restart', async () => {
    const token = await open().start(LOGIN);
    await thread.close();
    thread = await startSessionsThread({ file: temp.at('sessions.db') });
    expect(await open().use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
  });

  it('is good for its own service only', async () => {
    const sessions = open();
    const token = await sessions.start(LOGIN);
    expect(await sessions.use(token, 'registry.corp/api', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(token, '', '10.1.2.11')).toBeUndefined();
  });

  it('ends when it was not used for too long', async () => {
    const sessions = open();
    const token = await sessions.start(LOGIN);
    for (let use = 0; use < 3; use++) {
      clock.ms += 30 * DAY - 1;
      expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    }
    clock.ms += 30 * DAY;
    expect(await sessions.use(token, 'registry.corp', '10.1.2.11')).toBeUndefined();
  });

  it('ends after its whole time, however much it is used', async () => {
    const sessions = open();
    const token = await sessions.start(LOGIN);
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
      await sessions.start(LOGIN),
      await sessions.start(LOGIN),
      await sessions.start({ ...LOGIN, subject: 'bob' }),
    ];
    const used = await sessions.use(one, 'registry.corp', '10.1.2.11');
    expect(await sessions.revoke(used?.id ?? '')).toBe(true);
    expect(await sessions.revoke(used?.id ?? '')).toBe(false);
    expect(await sessions.use(one, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(two, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    expect(await sessions.revokeSubject('alice')).toBe(1);
    expect(await sessions.use(two, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(other, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'bob' });
  });

  it('is nothing with another secret, or when it is something else', async () => {
    const sessions = open();
    const [one, two] = [await sessions.start(LOGIN), await sessions.start({ ...LOGIN, subject: 'bob' })];
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
    await sessions.start(LOGIN);
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
    const token = await sessions.start({ ...LOGIN, clientId: `evil\r\nclient${'x'.repeat(100)}` });
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
    const token = await sessions.start(LOGIN);
    const started = clock.ms;
    clock.ms += 59_999;
    await sessions.use(token, 'registry.corp', '10.1.2.12');
    expect(await sessions.list()).toMatchObject([{ usedAt: started, useAddress: '10.1.2.11' }]);
    clock.ms += 1;
    await sessions.use(token, 'registry.corp', '10.1.2.12');
    expect(await sessions.list()).toMatchObject([{ usedAt: clock.ms, useAddress: '10.1.2.12' }]);
  });

  it('loses what has expired, at the next start or when told to', async () => {
    const sessions = open();
    await sessions.start(LOGIN);
    clock.ms += 31 * DAY;
    await sessions.start({ ...LOGIN, subject: 'bob' });
    expect((await sessions.list()).map(({ subject }) => subject)).toEqual(['bob']);
    clock.ms += 31 * DAY;
    expect(await sessions.purge()).toBe(1);
    expect(await sessions.list()).toEqual([]);
  });

  it('holds a thousand of one subject, and ends the one longest unused beyond', async () => {
    const sessions = open();
    const first = await sessions.start(LOGIN);
    const other = await sessions.start({ ...LOGIN, subject: 'bob' });
    clock.ms += 1;
    await Promise.all(Array.from({ length: 999 }, () => sessions.start(LOGIN)));
    expect(await sessions.use(first, 'registry.corp', '10.1.2.11')).toEqual(ALICE);
    clock.ms += 1;
    await sessions.start(LOGIN);
    expect(await sessions.list('alice')).toHaveLength(1000);
    expect(await sessions.use(first, 'registry.corp', '10.1.2.11')).toBeUndefined();
    expect(await sessions.use(other, 'registry.corp', '10.1.2.11')).toMatchObject({ subject: 'bob' });
  });
});

describe('the file of sessions', () => {
  it('may be one that cannot be written to at the moment: sessions are used on, none begins', async () => {
    const sessions = open();
    const token = await sessions.start(LOGIN);
    const holder = new DatabaseSync(temp.at('sessions.db'));
    holder.exec('BEGIN IMMEDIATE');
    clock.ms += 61_000;
    try {
      expect(await sessions.use(token, 'registry.corp', '10.1.2.12')).toEqual(ALICE);
      await expect(sessions.start(LOGIN)).rejects.toMatchObject({ name: 'StoreError', errcode: 5 });
    } finally {
      holder.exec('ROLLBACK');
      holder.close();
    }
    expect(await sessions.use(await sessions.start(LOGIN), 'registry.corp', '10.1.2.12')).toEqual(ALICE);
  });

  it('is refused with one sentence when it is something else', async () => {
    const file = temp.at('other.db');
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE other (x)');
    db.close();
    chmodSync(file, 0o600);
    await expect(startSessionsThread({ file })).rejects.toMatchObject({
      message: expect.stringContaining('not the sessions of Registry Warden'),
    });
  });
});
