import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hashSync } from '@node-rs/bcrypt';
import { createLane } from '../../src/identity/lane.ts';
import { createPasswords } from '../../src/identity/passwords.ts';

function start(options: Partial<Parameters<typeof createPasswords>[0]> = {}) {
  const clock = { ms: 0 };
  const passwords = createPasswords({ now: () => clock.ms, cost: 4, ...options });
  const check = (user: string, password: string, stored: string | undefined) =>
    passwords.check({ user, password, stored, highestCost: 4 });
  return { clock, passwords, check };
}

describe('a password', () => {
  it.each([
    ['short', 'x'],
    ['with colons', 'a:b:c'],
    ['outside ASCII', 'pässwörd€😀'],
    ['of 72 bytes', 'x'.repeat(72)],
    ['of 73 bytes', 'x'.repeat(73)],
    ['of 200 characters outside ASCII', '€'.repeat(200)],
  ])('is right against its own hash and no other: %s', async (_what, password) => {
    const { passwords, check } = start();
    const stored = await passwords.hash(password);
    expect(await check('alice', password, stored)).toBe(true);
    expect(await check('alice', `${password}x`, stored)).toBe(false);
    expect(await check('alice', password.slice(0, -1), stored)).toBe(false);
    expect(await check('alice', password, hashSync('another', { cost: 4 }))).toBe(false);
  });

  it('counts wholly beyond the 72 bytes that bcrypt reads', async () => {
    const { passwords, check } = start();
    const stored = await passwords.hash(`${'x'.repeat(100)}a`);
    expect(await check('alice', `${'x'.repeat(100)}b`, stored)).toBe(false);
    expect(await check('alice', 'x'.repeat(72), stored)).toBe(false);
  });

  it('of more than 72 bytes is hashed as the base64 of its SHA-384', async () => {
    const password = 'y'.repeat(80);
    const stored = hashSync(createHash('sha384').update(password).digest('base64'), { cost: 4 });
    expect(await start().check('alice', password, stored)).toBe(true);
  });

  it('is checked against hashes made elsewhere', async () => {
    // Test vector of the OpenBSD implementation's crypt_blowfish suite: "U*U".
    const stored = '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW';
    expect(await start().check('alice', 'U*U', stored)).toBe(true);
    expect(await start().check('alice', 'U*U', stored.replace('$2a$', '$2y$'))).toBe(true);
    expect(await start().check('alice', 'U*V', stored)).toBe(false);
  });

  it('is never right when it is empty or holds a NUL, whatever is stored', async () => {
    const { check, passwords } = start();
    expect(await check('alice', '', hashSync('', { cost: 4 }))).toBe(false);
    expect(await check('alice', 'a\0b', hashSync('a\0b', { cost: 4 }))).toBe(false);
    expect(await check('alice', 'a\0b', hashSync('a', { cost: 4 }))).toBe(false);
    await expect(passwords.hash('')).rejects.toMatchObject({ name: 'RangeError' });
    await expect(passwords.hash('a\0b')).rejects.toMatchObject({ name: 'RangeError' });
  });

  it('is never right for a user that does not exist', async () => {
    expect(await start().check('nobody', 'secret', undefined)).toBe(false);
  });

  it('makes a new hash each time, of the cost that was asked for', async () => {
    const { passwords } = start();
    const [one, two] = await Promise.all([passwords.hash('secret'), passwords.hash('secret')]);
    expect(one).toMatch(/^\$2b\$04\$/);
    expect(one).not.toBe(two);
  });

  it('costs a hash of the highest cost when it is wrong, whether the user exists or not', async () => {
    const { passwords, check } = start({ width: 2, rememberSeconds: 0 });
    const stored = await passwords.hash('secret');
    await check('alice', 'wrong', stored);
    /** Processor time, which other work on the machine does not lengthen, over a few checks. */
    const cost = async (highestCost: number, of?: string): Promise<number> => {
      const before = process.cpuUsage();
      for (let nth = 0; nth < 3; nth++) {
        await passwords.check({ user: 'somebody', password: 'wrong', stored: of, highestCost });
      }
      return process.cpuUsage(before).user;
    };
    // Costs double with each step: 256 times as much.
    expect(await cost(12)).toBeGreaterThan(10 * (await cost(4)));
    expect(await cost(12, stored)).toBeGreaterThan(10 * (await cost(4, stored)));
  });
});

describe('a right password', () => {
  const question = (password: string, stored: string | undefined, user = 'alice') => ({
    user,
    password,
    stored,
  });

  it('is remembered for its time, and only with the same user and the same hash', async () => {
    const { passwords, check, clock } = start({ rememberSeconds: 60 });
    const stored = await passwords.hash('secret');
    expect(passwords.remembers(question('secret', stored))).toBe(false);
    await check('alice', 'secret', stored);
    expect(passwords.remembers(question('secret', stored))).toBe(true);
    expect(passwords.remembers(question('secret2', stored))).toBe(false);
    expect(passwords.remembers(question('secret', stored, 'bob'))).toBe(false);
    expect(passwords.remembers(question('secret', await passwords.hash('secret')))).toBe(false);
    clock.ms = 59_999;
    expect(passwords.remembers(question('secret', stored))).toBe(true);
    clock.ms = 60_000;
    expect(passwords.remembers(question('secret', stored))).toBe(false);
  });

  it('is not remembered when that is switched off', async () => {
    const { passwords, check } = start({ rememberSeconds: 0 });
    const stored = await passwords.hash('secret');
    await check('alice', 'secret', stored);
    expect(passwords.remembers(question('secret', stored))).toBe(false);
  });

  it('is forgotten when too many others were used since', async () => {
    const { passwords, check } = start({ rememberLimit: 2 });
    const stored = await passwords.hash('secret');
    await check('a', 'secret', stored);
    await check('b', 'secret', stored);
    expect(passwords.remembers(question('secret', stored, 'a'))).toBe(true);
    await check('c', 'secret', stored);
    expect(passwords.remembers(question('secret', stored, 'b'))).toBe(false);
    expect(passwords.remembers(question('secret', stored, 'a'))).toBe(true);
  });

  it('is not remembered when it was wrong', async () => {
    const { passwords, check } = start();
    const stored = await passwords.hash('secret');
    await check('alice', 'wrong', stored);
    await check('nobody', 'wrong', undefined);
    expect(passwords.remembers(question('wrong', stored))).toBe(false);
    expect(passwords.remembers(question('wrong', undefined, 'nobody'))).toBe(false);
  });

  it('has a name that tells the three parts apart and differs between processes', () => {
    const { passwords } = start();
    const name = passwords.keyOf(question('b c', 'x', 'a'));
    expect(passwords.keyOf(question('b c', 'x', 'a'))).toBe(name);
    expect(passwords.keyOf(question('c', 'x', 'a b'))).not.toBe(name);
    expect(start().passwords.keyOf(question('b c', 'x', 'a'))).not.toBe(name);
  });
});

describe('the lane of passwords', () => {
  it('refuses with OVERLOADED what has no place to wait, and goes on', async () => {
    const { passwords, check } = start({ width: 1, waiting: 2 });
    const stored = await passwords.hash('secret');
    const answers = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) => check(`user${index}`, 'secret', stored)),
    );
    expect(answers.map((answer) => answer.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'fulfilled',
      'rejected',
      'rejected',
    ]);
    expect(answers[4]).toMatchObject({ reason: { name: 'OVERLOADED', headers: { 'Retry-After': '5' } } });
    expect(await check('later', 'secret', stored)).toBe(true);
  });

  it('runs so many at a time, in order, and survives a failure', async () => {
    const lane = createLane({ width: 2, waiting: 10 });
    const running = new Set<number>();
    const order: number[] = [];
    let most = 0;
    const work = (id: number) => async () => {
      running.add(id);
      order.push(id);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(id);
      if (id === 1) throw new Error('broken');
      return id;
    };
    const results = await Promise.allSettled([0, 1, 2, 3, 4].map((id) => lane.enter(work(id))));
    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
      'fulfilled',
    ]);
    expect(await lane.enter(work(9))).toBe(9);
  });
});
