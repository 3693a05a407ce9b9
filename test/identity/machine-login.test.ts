/** Robots and grants at the login, over a real store and a real users file. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createGrants, type Grants } from '../../src/identity/grants/grants.ts';
import type { Login, LoginAttempt } from '../../src/identity/login.ts';
import { createMachineLogin } from '../../src/identity/machine-login.ts';
import { createPasswords } from '../../src/identity/passwords.ts';
import { createRobots, type Robots } from '../../src/identity/robots/robots.ts';
import { createUsers } from '../../src/identity/users.ts';
import type { DocumentStore } from '../../src/store/documents.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';
import { makeTemp } from '../support/temp.ts';

const temp = makeTemp('machine-login');
afterAll(() => temp.stop());
const ADDRESS = '10.1.2.11';
const DAY = 86_400_000;

let turn = 0;
let clock: { now: number };
let store: DocumentStore;
let robots: Robots;
let grants: Grants;
let login: Login;
let asked: LoginAttempt[];
let revoked: string[];
let owner: readonly string[] | undefined;

let hash: string;
beforeAll(async () => {
  hash = await createPasswords({ now: Date.now }).hash('correct horse battery');
});

beforeEach(async () => {
  clock = { now: 1_800_000_000_000 };
  store = await openSqliteDocuments({ file: temp.at(`${++turn}`, 'credentials.db') });
  const now = () => clock.now;
  robots = createRobots({
    store,
    now,
    random: randomBytes,
    // A use that is noted when the test is over finds the store closed.
    onFailure: () => undefined,
  });
  grants = createGrants({ store, now, random: randomBytes });
  const file = temp.at(`users-${turn}.yaml`);
  writeFileSync(file, `users: { taken: { password: "${hash}" } }\n`, { mode: 0o600 });
  const users = await createUsers({ file, now, onProblems: () => undefined });
  if (!users.ok) throw new Error('no users');
  [asked, revoked, owner] = [[], [], ['ci', 'new']];
  login = createMachineLogin({
    ...{ users: users.users, robots, grants, now },
    revokesLogin: ({ via }) => revoked.includes(via.grant ?? ''),
    onCollision: (name) => revoked.push(name),
    otherwise: {
      async login(attempt) {
        asked.push(attempt);
        return { ok: false, reason: 'unknown user' };
      },
      resume: async ({ name }) => owner && { name, kind: 'person', groups: owner, method: 'password' },
      forget: () => undefined,
    },
  });
});
afterEach(() => store.close());

const BY = { name: 'alice', method: 'password' };
const make = (name = 'deployer') =>
  robots.create(
    { name, groups: ['ci'], repositories: ['team/**'], actions: ['pull'], expiresAt: clock.now + DAY },
    BY,
  );
const attempt = (user: string, password: string, address = ADDRESS) =>
  login.login({ user, password, address });

describe('a robot', () => {
  it('logs in with its secret, without a look at passwords', async () => {
    expect(await attempt('deployer', await make())).toEqual({
      ok: true,
      subject: {
        ...{ name: 'deployer', kind: 'robot', groups: ['ci'], method: 'robot' },
        bounds: { repositories: ['team/**'], actions: ['pull'] },
      },
      credential: expect.stringMatching(/^robot:[0-9a-f]{12}$/),
      via: { robot: 'deployer' },
      notAfter: clock.now + DAY,
    });
    expect(asked).toEqual([]);
  });

  it('goes the way of an unknown name with a wrong secret, that of another robot included', async () => {
    await make();
    const other = await make('other');
    for (const password of ['wrong', '', other])
      expect(await attempt('deployer', password)).toMatchObject({
        ok: false,
        reason: 'wrong password',
        method: 'robot',
      });
    expect(asked).toHaveLength(3);
  });

  it('ends at its expiry, with its refresh tokens', async () => {
    const secret = await make();
    const found = await attempt('deployer', secret);
    const credential = found.ok ? found.credential : '';
    expect(await login.resume({ name: 'deployer', credential })).toMatchObject({ kind: 'robot' });
    clock.now += DAY;
    expect((await attempt('deployer', secret)).ok).toBe(false);
    expect(await login.resume({ name: 'deployer', credential })).toBeUndefined();
  });

  it('keeps what was got by an old secret until that one ends', async () => {
    const found = await attempt('deployer', await make());
    const credential = found.ok ? found.credential : '';
    await robots.rotate('deployer', 1000, 'alice');
    expect(await login.resume({ name: 'deployer', credential })).toBeDefined();
    clock.now += 1000;
    expect(await login.resume({ name: 'deployer', credential })).toBeUndefined();
  });

  it('does not log in where its name stands in the users file', async () => {
    const secret = await make('taken');
    expect((await attempt('taken', secret)).ok).toBe(false);
    expect(revoked).toEqual(['taken']);
    const [one] = robots.list();
    expect(await login.resume({ name: 'taken', credential: `robot:${one?.secrets[0]?.id}` })).toBeUndefined();
  });

  it('has the time and place of its last use noted, at most each minute', async () => {
    const secret = await make();
    const used = async () => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await robots.refresh();
      return robots.find('deployer')?.used;
    };
    const first = clock.now;
    for (const address of [ADDRESS, '10.9.9.9']) await attempt('deployer', secret, address);
    expect(await used()).toEqual({ at: first, address: ADDRESS });
    clock.now += 60_000;
    await attempt('deployer', secret, '10.9.9.9');
    expect(await used()).toEqual({ at: clock.now, address: '10.9.9.9' });
  });
});

describe('a grant', () => {
  function later(): void {
    clock.now += 600_000;
  }
  function leave(): void {
    owner = undefined;
  }
  const ask = () =>
    grants.create(
      {
        owner: { name: 'alice', kind: 'person', groups: ['ci'], method: 'password', credential: 'c' },
        ...{ repositories: ['team/app'], addresses: [ADDRESS], job: {}, minutes: 10, approved: true },
      },
      0,
    );

  it('has the groups of now of who asked for it, and no credential that lasts', async () => {
    const { grant, password } = await ask();
    expect(await attempt(grant.id, password)).toMatchObject({
      ok: true,
      subject: { name: 'alice', groups: ['ci', 'new'], method: 'grant', bounds: { addresses: [ADDRESS] } },
      ...{ credential: '', via: { grant: grant.id }, notAfter: clock.now + 600_000 },
    });
  });

  it.each([
    ['from another host', () => undefined, '10.1.2.12', 'works from another host only'],
    ['after its time', later, ADDRESS, 'has ended'],
    ['when it is closed', (id: string) => grants.close(id, 'closed'), ADDRESS, 'has ended'],
    ['when it is revoked', (id: string) => revoked.push(id), ADDRESS, 'has ended'],
    ['when who asked is gone', leave, ADDRESS, 'with the login that asked for it'],
  ] as const)('is refused %s, with the reason', async (_name, change, address, sentence) => {
    const { grant, password } = await ask();
    await change(grant.id);
    const outcome = await attempt(grant.id, password, address);
    expect(outcome).toMatchObject({ ok: false, reason: 'grant refused', name: grant.id });
    expect(outcome.ok ? '' : 'sentence' in outcome && outcome.sentence).toContain(sentence);
    expect(asked).toEqual([]);
  });

  it('tells nothing to who has not its password', async () => {
    const { grant } = await ask();
    const { password } = await ask();
    expect(await attempt(grant.id, password)).toMatchObject({
      ok: false,
      reason: 'wrong password',
      method: 'grant',
    });
    expect(await attempt(`g${'0'.repeat(20)}`, password)).toEqual({ ok: false, reason: 'unknown user' });
    expect(asked).toHaveLength(2);
  });
});
