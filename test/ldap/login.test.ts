import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { hashSync } from '@node-rs/bcrypt';
import { refusalDelay } from '../../src/identity/delay-refusal.ts';
import { createLogin } from '../../src/identity/login.ts';
import { createPasswords } from '../../src/identity/passwords.ts';
import { createUsers } from '../../src/identity/users.ts';
import { createMemoryLimit } from '../../src/state/limits.ts';
import { describeNeeding } from '../support/needs.ts';
import { dnOf, group, person, type RunningSlapd, startSlapd } from '../support/slapd.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { clear, openDirectory } from './set-up.ts';

it.each([
  [0, 500, 500],
  [3, 500, 497],
  [499.5, 500, 0.5],
  [500, 500, 0],
  [501, 500, 499],
  [1700, 500, 300],
  [700, 0, 0],
])('a refusal that took %d of slots of %d ms waits for %d more', (took, slot, wait) => {
  expect(refusalDelay(took, slot)).toBe(wait);
});

describeNeeding(['slapd', 'ldapadd'], 'a login with a users file and a directory', () => {
  let temp: Temp;
  let slapd: RunningSlapd;
  beforeAll(async () => {
    temp = makeTemp('ldap-login');
    slapd = await startSlapd({
      ldif:
        ['gwen', 'Jenkins', 'root'].map((name) => person(name, 'of-directory')).join('') +
        group('ci', [dnOf('gwen')]),
    });
  }, 30_000);
  afterAll(async () => {
    await slapd?.stop();
    await temp?.stop();
  });

  async function open() {
    const users = (names: readonly string[]) =>
      writeFileSync(
        temp.at('users.yaml'),
        JSON.stringify({
          users: Object.fromEntries(
            names.map((name) => [name, { password: hashSync('of-file', { cost: 4 }) }]),
          ),
        }),
        { mode: 0o600 },
      );
    users(['jenkins']);
    const clock = { ms: 1_000_000 };
    const now = () => clock.ms;
    const created = await createUsers({ file: temp.at('users.yaml'), now, onProblems: () => undefined });
    if (!created.ok) throw new Error(created.problems[0]?.message);
    const { directory, told } = openDirectory([clear(slapd.port)], { now });
    const seen = { delayed: 0, collisions: 0 };
    const limit = (name: string) => createMemoryLimit({ name, points: 100, seconds: 600 });
    const login = createLogin({
      users: created.users,
      passwords: createPasswords({ now, cost: 4 }),
      limits: { byAddress: limit('a'), byUserAndAddress: limit('b') },
      directory,
      async delayRefusal() {
        seen.delayed++;
      },
      onCollision: () => seen.collisions++,
    });
    const attempt = (user: string, password: string) => login.login({ user, password, address: '10.0.0.1' });
    return { login, attempt, seen, told, clock, users, directory };
  }

  it('knows the people of both, each by their own password and method', async () => {
    const { attempt, directory, seen } = await open();
    expect(await attempt('jenkins', 'of-file')).toMatchObject({
      subject: { name: 'jenkins', method: 'password' },
    });
    expect(await attempt('Gwen', 'of-directory')).toMatchObject({
      subject: { name: 'gwen', kind: 'person', method: 'ldap', groups: ['ci'] },
    });
    expect(seen).toEqual({ delayed: 0, collisions: 0 });
    directory.close();
  });

  it('is refused for each reason after the same delay', async () => {
    const { attempt, directory, seen } = await open();
    for (const [user, password] of [
      ['jenkins', 'wrong'],
      ['gwen', 'wrong'],
      ['gwen', ''],
      ['nobody', 'wrong'],
      ['*', 'wrong'],
      ['', ''],
    ] as const) {
      expect(await attempt(user, password)).toMatchObject({ ok: false });
    }
    expect(seen.delayed).toBe(6);
    directory.close();
  });

  it('of a name of the file never asks the directory, and a look-alike of it is nobody', async () => {
    const { attempt, directory, seen, told } = await open();
    expect(await attempt('jenkins', 'of-directory')).toMatchObject({ ok: false, reason: 'wrong password' });
    expect(told.asked).toEqual([]);
    for (const typed of ['Jenkins', 'JENKINS']) {
      expect(await attempt(typed, 'of-directory')).toEqual({ ok: false, reason: 'unknown user' });
    }
    expect(seen.collisions).toBe(2);
    directory.close();
  });

  it('ends for somebody of the directory when the file gets the name, also in a session', async () => {
    const { attempt, login, directory, clock, users } = await open();
    const found = await attempt('root', 'of-directory');
    const bound = { name: 'root', credential: found.ok ? found.credential : '' };
    expect(await login.resume(bound)).toMatchObject({ name: 'root' });
    expect(await login.resume({ ...bound, name: 'gwen' })).toBeUndefined();
    expect(await login.resume({ ...bound, name: 'ROOT' })).toBeUndefined();
    users(['jenkins', 'root']);
    clock.ms += 1000;
    expect(await login.resume(bound)).toBeUndefined();
    expect(await attempt('root', 'of-directory')).toMatchObject({ ok: false });
    directory.close();
  });
});
