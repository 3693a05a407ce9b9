/** Grants as they are kept: over a real store, with a clock of their own. */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { sameEyes } from '../../src/identity/grants/administer.ts';
import { faultOfPush, type KnownGrant, REPEAT_MS } from '../../src/identity/grants/grant.ts';
import { createGrants, type Grants, type NewGrant } from '../../src/identity/grants/grants.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';
import { makeTemp } from '../support/temp.ts';

const temp = makeTemp('grants');
afterAll(() => temp.stop());
let turn = 0;
const MINUTE = 60_000;

const NEW: NewGrant = {
  owner: { name: 'alice', kind: 'person', groups: ['ci'], method: 'password', credential: 'c' },
  repositories: ['a', 'b'],
  tags: ['1', '2'],
  addresses: ['10.1.2.11'],
  job: { operator: 'Dora' },
  minutes: 10,
  approved: true,
};

async function withGrants(run: (grants: Grants, clock: { now: number }) => Promise<void>): Promise<void> {
  const store = await openSqliteDocuments({ file: temp.at(`${turn++}`, 'credentials.db') });
  const clock = { now: 1_800_000_000_000 };
  try {
    await run(createGrants({ store, now: () => clock.now, random: randomBytes }), clock);
  } finally {
    await store.close();
  }
}
const pushed = (repository: string, tag: string, digest = 'sha256:1') => ({ repository, tag, digest });

describe('a grant', () => {
  it('is used up by the last of its tags, also where they are pushed at once, and by each once', () =>
    withGrants(async (grants) => {
      const { grant } = await grants.create(NEW, 0);
      await grants.push(grant.id, pushed('a', '1'));
      await grants.push(grant.id, pushed('a', '1', 'sha256:2'));
      const last = [pushed('a', '2'), pushed('b', '1'), pushed('b', '2')];
      const ended = await Promise.all(last.map((one) => grants.push(grant.id, one)));
      expect(ended.filter((one) => one?.usedUp)).toHaveLength(1);
      const found = await grants.get(grant.id);
      expect(found?.state).toBe('used-up');
      expect(found?.pushed).toHaveLength(4);
      expect(await grants.push(grant.id, pushed('a', '1'))).toBeUndefined();
    }));

  it('takes for a moment what it was used up with', () =>
    withGrants(async (grants, clock) => {
      const { grant } = await grants.create({ ...NEW, repositories: ['a'], tags: ['1'] }, 0);
      await grants.push(grant.id, pushed('a', '1'));
      const used = (await grants.get(grant.id)) as KnownGrant;
      const fault = (push: Parameters<typeof faultOfPush>[1], after = 0) =>
        faultOfPush(used, push, clock.now + after);
      expect(fault(pushed('a', '1'))).toBeUndefined();
      expect(fault({ ...pushed('a', '1'), tag: undefined })).toBeUndefined();
      expect(fault(pushed('a', '1', 'sha256:other'))).toMatch(/used up/);
      expect(fault(pushed('b', '1'))).toMatch(/used up/);
      expect(fault(pushed('a', '1'), REPEAT_MS)).toMatch(/used up/);
    }));

  it('that needs an approval has its minutes from then on, and ends without one', () =>
    withGrants(async (grants, clock) => {
      const wanted = { ...NEW, approved: false };
      const [one, other] = [
        await grants.create(wanted, clock.now + MINUTE),
        await grants.create(wanted, clock.now + MINUTE),
      ];
      expect(one.grant.state).toBe('pending');
      clock.now += MINUTE - 1;
      const act = { name: 'carol', method: 'password', at: clock.now, comment: 'ok' };
      const both = await Promise.all([grants.approve(one.grant.id, act), grants.approve(one.grant.id, act)]);
      expect(both.filter(Boolean)).toMatchObject([{ state: 'open', expiresAt: clock.now + 10 * MINUTE }]);
      clock.now += 1;
      expect(await grants.approve(other.grant.id, act)).toBeUndefined();
      expect((await grants.expire()).map(({ id, end }) => [id, end?.why])).toEqual([
        [other.grant.id, 'not approved'],
      ]);
      clock.now += 10 * MINUTE;
      expect((await grants.expire()).map(({ id, end }) => [id, end?.why])).toEqual([
        [one.grant.id, 'expired'],
      ]);
      expect(await grants.expire()).toEqual([]);
      await grants.purge(MINUTE);
      // The other one ended ten minutes before.
      expect(await grants.list()).toHaveLength(1);
      clock.now += MINUTE;
      await grants.purge(MINUTE);
      expect(await grants.list()).toEqual([]);
    }));

  it('that has ended cannot be closed, approved or pushed with', () =>
    withGrants(async (grants, clock) => {
      const { grant } = await grants.create(NEW, 0);
      expect(await grants.close(grant.id, 'closed')).toMatchObject({ state: 'closed' });
      expect(await grants.close(grant.id, 'closed')).toBeUndefined();
      expect(await grants.approve(grant.id, { name: 'c', method: 'password', at: 0 })).toBeUndefined();
      expect(await grants.push(grant.id, pushed('a', '1'))).toBeUndefined();
      const found = (await grants.get(grant.id)) as KnownGrant;
      expect(faultOfPush(found, pushed('a', '1'), clock.now)).toMatch(/has ended/);
    }));
});

describe('four eyes', () => {
  const made = new Map([
    ['deployer', 'alice'],
    ['oa', 'olga'],
    ['sly', 'Dora'],
    ['turned', 'olga'],
  ]);
  const UNUSED = {
    groups: [],
    bounds: { repositories: [], actions: [] },
    secrets: [],
    created: 0,
    expiresAt: 0,
  };
  const robots: Parameters<typeof sameEyes>[2] = {
    find: (name) =>
      made.has(name)
        ? {
            ...UNUSED,
            name,
            createdBy: { name: made.get(name) ?? '', method: 'password' },
            ...(name === 'turned' && { rotatedBy: ['carol', 'Alice'] }),
          }
        : undefined,
  };
  const byRobot = { ...NEW.owner, name: 'deployer', kind: 'robot', method: 'robot' } as const;

  it.each([
    ['who asked', NEW.owner, 'alice', 'password', true],
    ['who asked, in another spelling', NEW.owner, 'ALICE', 'ldap', true],
    ['the operator', NEW.owner, 'dora', 'ldap', true],
    ['a robot of who asked', NEW.owner, 'deployer', 'robot', true],
    ['a robot of the operator', NEW.owner, 'sly', 'robot', true],
    ['who made the robot that asked', byRobot, 'alice', 'password', true],
    ['a robot that who asked has rotated', NEW.owner, 'turned', 'robot', true],
    ['who rotated the robot that asked', { ...byRobot, name: 'turned' }, 'carol', 'password', true],
    // Its tokens are taken for a moment after its end.
    ['a robot that has ended', NEW.owner, 'gone', 'robot', true],
    ['anybody, for a robot that has ended', { ...byRobot, name: 'gone' }, 'carol', 'password', true],
    ['a grant', NEW.owner, 'carol', 'grant', true],
    ['somebody else', NEW.owner, 'carol', 'password', false],
    ['a robot of somebody else', NEW.owner, 'oa', 'robot', false],
  ] as const)('%s: refused %s', (_name, owner, name, method, refused) => {
    expect(sameEyes({ name, method }, { owner, job: NEW.job }, robots) !== undefined).toBe(refused);
  });

  it('knows the person whom the issuer of a build names, whatever the job says', () => {
    const build = { issuer: 'https://ci.corp', operator: 'dora' };
    const owner = { ...NEW.owner, name: 'ci:app', kind: 'build', method: 'oidc', build } as const;
    const job = { operator: 'somebody-else' };
    expect(sameEyes({ name: 'Dora', method: 'ldap' }, { owner, job }, robots)).toBeDefined();
    expect(sameEyes({ name: 'carol', method: 'ldap' }, { owner, job }, robots)).toBeUndefined();
    const approver = { name: 'ci:approve', method: 'oidc', build };
    expect(sameEyes(approver, { owner: NEW.owner, job: NEW.job }, robots)).toBeDefined();
  });
});
