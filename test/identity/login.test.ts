import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hashSync } from '@node-rs/bcrypt';
import { createLogin } from '../../src/identity/login.ts';
import { createPasswords } from '../../src/identity/passwords.ts';
import { createUsers } from '../../src/identity/users.ts';
import { createMemoryFamiliar } from '../../src/state/familiar.ts';
import { createMemoryLimit, type Limit } from '../../src/state/limits.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const BUILDER = '10.1.2.11';
const ALICE = hashSync('correct horse', { cost: 4 });
const BOB = hashSync('battery:staple€', { cost: 4 });

let temp: Temp;
beforeEach(() => {
  temp = makeTemp('login');
});
afterEach(() => temp.stop());

function write(users: Record<string, { password: string; groups?: string[] }>): void {
  writeFileSync(temp.at('users.yaml'), JSON.stringify({ users }), { mode: 0o600 });
}

interface Points {
  readonly byAddress?: number;
  readonly byUserAndAddress?: number;
  readonly waiting?: number;
  readonly overall?: number;
}

/** The host of the policy. */
const HOST = '10.1.2.12';

async function start({ byAddress = 6, byUserAndAddress = 3, waiting = 64, overall = 1000 }: Points = {}) {
  write({ alice: { password: ALICE, groups: ['ci'] }, bob: { password: BOB } });
  const clock = { ms: 0 };
  const now = () => clock.ms;
  const created = await createUsers({ file: temp.at('users.yaml'), now, onProblems: () => undefined });
  if (!created.ok) throw new Error(created.problems[0]?.message);
  const spent = { takes: 0 };
  const limit = (name: string, points: number): Limit => {
    const made = createMemoryLimit({ name, points, seconds: 600 });
    return {
      ...made,
      take(key) {
        spent.takes++;
        return made.take(key);
      },
    };
  };
  const passwords = createPasswords({ now, cost: 4, width: 1, waiting });
  const login = createLogin({
    users: created.users,
    passwords,
    limits: {
      byAddress: limit('address', byAddress),
      byUserAndAddress: limit('pair', byUserAndAddress),
      overall: {
        limit: createMemoryLimit({ name: 'all', points: overall, seconds: 600 }),
        familiar: createMemoryFamiliar({ seconds: 3600, now }),
        isHost: (address) => address === HOST,
      },
    },
  });
  const attempt = (user: string, password: string, address = BUILDER) =>
    login.login({ user, password, address });
  return { login, attempt, clock, spent };
}

const LIMITED = {
  name: 'TOO_MANY_REQUESTS',
  headers: { 'Retry-After': expect.stringMatching(/^[1-9][0-9]*$/) },
};

describe('a login', () => {
  it('answers with the subject as the file has it', async () => {
    const { attempt } = await start();
    expect(await attempt('alice', 'correct horse')).toEqual({
      ok: true,
      subject: { name: 'alice', kind: 'person', groups: ['ci'], method: 'password' },
      credential: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(await attempt('bob', 'battery:staple€')).toMatchObject({ ok: true });
  });

  it.each([
    ['a wrong password', 'alice', 'wrong', 'wrong password'],
    ['an empty password', 'alice', '', 'wrong password'],
    ['a NUL', 'alice', 'correct horse\0', 'wrong password'],
    ['a blank behind the password', 'alice', 'correct horse ', 'wrong password'],
    ['another form of a letter', 'bob', 'battery:staple\u20ac\u0301', 'wrong password'],
    ['the hash as password', 'alice', ALICE, 'wrong password'],
    ['the password of another', 'bob', 'correct horse', 'wrong password'],
    ['an unknown user', 'mallory', 'correct horse', 'unknown user'],
    ['no user', '', 'correct horse', 'unknown user'],
    ['the name in capitals', 'ALICE', 'correct horse', 'unknown user'],
    ['a blank behind the name', 'alice ', 'correct horse', 'unknown user'],
    ['a blank before the name', ' alice', 'correct horse', 'unknown user'],
    ['a look-alike of the name', '\u0430lice', 'correct horse', 'unknown user'],
    ['a name of every object', 'constructor', 'correct horse', 'unknown user'],
    ['__proto__', '__proto__', 'correct horse', 'unknown user'],
    ['a pattern', '*', 'correct horse', 'unknown user'],
  ])('is refused: %s', async (_what, user, password, reason) => {
    const { attempt } = await start();
    expect(await attempt(user, password)).toMatchObject({ ok: false, reason });
  });

  it('ends at once when the password is changed or the user removed, remembered or not', async () => {
    const { attempt, clock, login } = await start();
    const before = await attempt('alice', 'correct horse');
    const credential = before.ok ? before.credential : '';
    expect(await login.resume({ name: 'alice', credential })).toMatchObject({
      name: 'alice',
      groups: ['ci'],
    });
    write({ alice: { password: hashSync('new password', { cost: 4 }), groups: ['ci', 'x'] } });
    clock.ms += 1000;
    expect(await attempt('alice', 'correct horse')).toMatchObject({ ok: false });
    expect(await login.resume({ name: 'alice', credential })).toBeUndefined();
    const after = await attempt('alice', 'new password');
    expect(after).toMatchObject({ ok: true, subject: { groups: ['ci', 'x'] } });
    write({});
    clock.ms += 1000;
    expect(await attempt('alice', 'new password')).toEqual({ ok: false, reason: 'unknown user' });
    expect(
      await login.resume({ name: 'alice', credential: after.ok ? after.credential : '' }),
    ).toBeUndefined();
  });

  it('has the groups of the moment, also in a session', async () => {
    const { attempt, clock, login } = await start();
    const first = await attempt('alice', 'correct horse');
    write({ alice: { password: ALICE, groups: [] } });
    clock.ms += 1000;
    expect(await attempt('alice', 'correct horse')).toMatchObject({ subject: { groups: [] } });
    expect(await login.resume({ name: 'alice', credential: first.ok ? first.credential : '' })).toMatchObject(
      {
        groups: [],
      },
    );
  });
});

describe('failed logins', () => {
  it('are limited for a user at an address, with the time to wait; the right password waits as well', async () => {
    const { attempt } = await start();
    for (let count = 0; count < 3; count++)
      expect(await attempt('alice', 'wrong')).toMatchObject({ ok: false });
    await expect(attempt('alice', 'wrong')).rejects.toMatchObject(LIMITED);
    await expect(attempt('alice', 'correct horse')).rejects.toMatchObject(LIMITED);
  });

  it('do not lock the user out elsewhere, nor other users here', async () => {
    const { attempt } = await start();
    for (let count = 0; count < 5; count++)
      await attempt('alice', 'wrong', '10.66.6.6').catch(() => undefined);
    expect(await attempt('alice', 'correct horse', BUILDER)).toMatchObject({ ok: true });
    expect(await attempt('bob', 'battery:staple€', '10.66.6.6')).toMatchObject({ ok: true });
  });

  it('are limited for an address, whatever names it tries', async () => {
    const { attempt } = await start();
    for (let count = 0; count < 6; count++) await attempt(`guess${count}`, 'wrong');
    await expect(attempt('alice', 'correct horse')).rejects.toMatchObject(LIMITED);
    expect(await attempt('alice', 'correct horse', '10.1.2.12')).toMatchObject({ ok: true });
  });

  it('are limited alike for users that exist and others', async () => {
    const { attempt } = await start();
    for (const user of ['alice', 'nobody']) {
      for (let count = 0; count < 3; count++) await attempt(user, 'wrong', `10.0.0.${user.length}`);
      await expect(attempt(user, 'wrong', `10.0.0.${user.length}`)).rejects.toMatchObject(LIMITED);
    }
  });

  it('count the addresses of one IPv6 host as one', async () => {
    const { attempt } = await start();
    for (let count = 0; count < 6; count++) await attempt(`g${count}`, 'x', `2001:db8:0:7::${count + 1}`);
    await expect(attempt('alice', 'correct horse', '2001:db8:0:7:ffff::1')).rejects.toMatchObject(LIMITED);
    expect(await attempt('alice', 'correct horse', '2001:db8:0:8::1')).toMatchObject({ ok: true });
    expect(await attempt('alice', 'correct horse', '2001:db8::7')).toMatchObject({ ok: true });
  });

  it('cannot be under way in a burst beyond the limit', async () => {
    const { attempt } = await start();
    const burst = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => attempt('alice', `guess ${index}`)),
    );
    expect(burst.filter((answer) => answer.status === 'fulfilled')).toHaveLength(3);
  });

  it('cannot be guessed past the limit while the right password is remembered', async () => {
    const { attempt } = await start();
    await attempt('alice', 'correct horse');
    for (let count = 0; count < 3; count++) await attempt('alice', `guess ${count}`);
    await expect(attempt('alice', 'correct horse')).rejects.toMatchObject(LIMITED);
  });
});

describe('failed logins from everywhere', () => {
  /** A guess from each of many addresses of one IPv6 network, none of which comes near a limit of its own. */
  async function flood(
    attempt: (user: string, password: string, address: string) => Promise<unknown>,
    count: number,
  ) {
    for (let n = 0; n < count; n++)
      await attempt('alice', `guess ${n}`, `2001:db8:0:${n.toString(16)}::1`).catch(() => undefined);
  }

  it('are limited together, also for the right password', async () => {
    const { attempt } = await start({ overall: 20 });
    await flood(attempt, 20);
    await expect(attempt('alice', 'guess', '2001:db8:1::1')).rejects.toMatchObject(LIMITED);
    await expect(attempt('alice', 'correct horse', '192.0.2.1')).rejects.toMatchObject(LIMITED);
    await expect(attempt('nobody', 'x', '192.0.2.1')).rejects.toMatchObject(LIMITED);
  });

  it('keep nobody out who has logged in from there before, nor a host of the policy', async () => {
    const { attempt, clock } = await start({ overall: 20 });
    await attempt('alice', 'correct horse');
    await flood(attempt, 25);
    clock.ms += 61_000;
    expect(await attempt('alice', 'correct horse')).toMatchObject({ ok: true });
    expect(await attempt('bob', 'battery:staple€', HOST)).toMatchObject({ ok: true });
    await expect(attempt('bob', 'battery:staple€')).rejects.toMatchObject(LIMITED);
    clock.ms += 3_600_000;
    await expect(attempt('alice', 'correct horse')).rejects.toMatchObject(LIMITED);
  });

  it('leave those who are familiar the limits of their own', async () => {
    const { attempt } = await start({ overall: 20 });
    await attempt('alice', 'correct horse', HOST);
    await flood(attempt, 25);
    for (let count = 0; count < 3; count++)
      expect(await attempt('alice', 'wrong', HOST)).toMatchObject({ ok: false });
    await expect(attempt('alice', 'correct horse', HOST)).rejects.toMatchObject(LIMITED);
  });

  it('are not what logins are that succeed, however many are under way', async () => {
    const { attempt } = await start({ overall: 5 });
    const many = Array.from({ length: 40 }, (_, n) => attempt('alice', 'correct horse', `10.2.0.${n}`));
    expect((await Promise.all(many)).every(({ ok }) => ok)).toBe(true);
  });
});

describe('a password that was right', () => {
  it('is hashed again once it was forgotten', async () => {
    const { attempt, login, spent } = await start();
    await attempt('alice', 'correct horse');
    const before = spent.takes;
    await attempt('alice', 'correct horse');
    expect(spent.takes).toBe(before);
    login.forget();
    expect(await attempt('alice', 'correct horse')).toMatchObject({ ok: true });
    expect(spent.takes).toBeGreaterThan(before);
  });
});

describe('logins that succeed', () => {
  it('consume nothing, one after another or in a burst', async () => {
    const { attempt } = await start({ byAddress: 3, byUserAndAddress: 2 });
    for (let count = 0; count < 10; count++) {
      expect(await attempt('alice', 'correct horse')).toMatchObject({ ok: true });
    }
    const burst = await Promise.all(Array.from({ length: 50 }, () => attempt('bob', 'battery:staple€')));
    expect(burst.every(({ ok }) => ok)).toBe(true);
    for (let count = 0; count < 2; count++) {
      expect(await attempt('alice', `wrong ${count}`)).toMatchObject({ ok: false });
    }
  });

  it('are not charged again while the password is remembered', async () => {
    const { attempt, spent } = await start();
    await attempt('alice', 'correct horse');
    const before = spent.takes;
    await attempt('alice', 'correct horse');
    expect(spent.takes).toBe(before);
  });

  it('are not counted as failures when there was no place to check them', async () => {
    const { attempt } = await start({ waiting: 0, byAddress: 50, byUserAndAddress: 50 });
    const answers = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => attempt('alice', `wrong ${index}`)),
    );
    const overloaded = answers.filter((answer) => answer.status === 'rejected');
    expect(overloaded.length).toBeGreaterThan(0);
    expect(overloaded[0]).toMatchObject({ reason: { name: 'OVERLOADED' } });
    const failed = answers.length - overloaded.length;
    for (let count = failed; count < 50; count++) await attempt('alice', 'wrong');
    await expect(attempt('alice', 'wrong')).rejects.toMatchObject(LIMITED);
  });
});
