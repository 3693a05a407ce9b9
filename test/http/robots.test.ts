/** Robots over the API and at the token endpoint, beside a registry. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, claimsOf, tokenIn } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { itemsOf, json, type Machines, startMachines } from '../gate/machines.ts';
import { describeNeeding } from '../support/needs.ts';

let site: Machines;
beforeAll(async () => {
  site = await startMachines();
}, 60_000);
afterAll(() => site?.front.stop());

const PUSH = 'repository:team/app:pull,push';
let count = 0;

async function makeRobot(more: object = {}) {
  const name = `deployer-${++count}`;
  const body = { name, repositories: ['team/**'], groups: ['ci'], days: 30, ...more };
  const made = json(await site.api('robots', site.login('alice'), body));
  return { name, login: { user: name, password: String(made['secret']) }, made };
}

const push = (token: string, repository = 'team/app', tag = 'v1') =>
  pushImage(site.front.place, repository, tag, smallImage(), { token, from: BUILDER });

describeNeeding(['docker-registry'], 'a robot', () => {
  it('logs in with its secret, and pushes within its bounds alone', async () => {
    const { login, name, made } = await makeRobot({ repositories: ['team/app'] });
    expect(login.password).toMatch(/^rwr_[0-9A-Za-z]{49}$/);
    expect(Date.parse(String(made['expires'])) - Date.now()).toBeGreaterThan(29 * 86_400_000);
    const token = tokenIn(await site.askToken(login, `${PUSH} repository:team/other:pull,push`));
    expect(claimsOf(token)).toMatchObject({
      sub: name,
      access: [
        { name: 'team/app', actions: ['pull', 'push'] },
        // As anybody may.
        { name: 'team/other', actions: ['pull'] },
      ],
      warden: { kind: 'robot', method: 'robot', groups: ['ci'], via: { robot: name } },
    });
    expect((await push(token)).status).toBe(201);
    const refused = await push(token, 'team/other');
    expect(refused).toMatchObject({ status: 403, error: { code: 'DENIED' } });
    expect(refused.error?.message).toMatch(/^This robot is for pull, push of team\/app\. \(seen: deployer-/);
  });

  it('is answered like an unknown name where its secret is wrong', async () => {
    const { login } = await makeRobot();
    const wrong = await site.askToken({ ...login, password: `${login.password.slice(0, -1)}~` }, PUSH);
    const unknown = await site.askToken({ ...login, user: 'nobody-here' }, PUSH);
    expect(wrong.status).toBe(401);
    expect([wrong.status, wrong.text]).toEqual([unknown.status, unknown.text]);
  });

  it.each([
    ['a group that its maker is not in', { groups: ['security'] }, 403, 'You are not in the group security'],
    [
      'repositories of others',
      { repositories: ['team/**', 'pub/**'] },
      403,
      'manage robots for all of pub/**',
    ],
    ['a pattern that is wider', { repositories: ['**'] }, 403, 'manage robots for all of **'],
    ['an action that its maker has not', { actions: ['delete'] }, 403, 'that you may delete all of team/**'],
    ['the name of a user', { name: 'bob' }, 409, 'bob is the name of a user'],
    ['a name in capitals', { name: 'Deployer' }, 400, 'cannot be a name'],
    ['an expiry that is too late', { days: 366 }, 400, 'at most 365 days'],
    ['no expiry', { days: undefined }, 400, 'days'],
    ['variables', { repositories: ['{user}/**'] }, 400, 'without variables'],
    ['the right to make robots', { actions: ['robots'] }, 400, 'actions.0'],
    ['an unknown key', { admin: true }, 400, 'admin'],
  ] as const)('is not made with %s', async (_name, more, status, sentence) => {
    const body = { name: 'other', repositories: ['team/**'], groups: ['ci'], days: 30, ...more };
    const reply = await site.api('robots', site.login('alice'), body);
    expect(reply.status).toBe(status);
    expect(reply.error?.message).toContain(sentence);
  });

  it('is made by those whom policy lets alone, and never by a robot', async () => {
    const body = { name: 'other', repositories: ['team/app'], days: 30 };
    expect((await site.api('robots', site.login('bob'), body)).status).toBe(403);
    const { login } = await makeRobot();
    expect((await site.api('robots', login, body)).status).toBe(403);
    expect(itemsOf(await site.api('robots', login))).toEqual([]);
    expect(itemsOf(await site.api('robots', site.login('bob')))).toEqual([]);
  });

  it('has two secrets while it is rotated, and is shown without them', async () => {
    const { name, login } = await makeRobot();
    const turned = json(await site.api(`robots/${name}/rotate`, site.login('alice'), { overlapHours: 1 }));
    const next = { user: name, password: String(turned['secret']) };
    for (const one of [login, next]) expect((await site.askToken(one, PUSH)).status).toBe(200);
    const token = tokenIn(await site.askToken(next, PUSH));
    const last = json(await site.api(`robots/${name}/rotate`, site.login('alice'), { overlapHours: 0 }));
    expect((await push(token)).status).toBe(401);
    const lastLogin = { user: name, password: String(last['secret']) };
    expect((await push(tokenIn(await site.askToken(lastLogin, PUSH)))).status).toBe(201);
    for (const one of [login, next]) expect((await site.askToken(one, PUSH)).status).toBe(401);
    const robot = await eventually(
      async () => {
        const reply = await site.api('robots', site.login('alice'));
        expect(reply.text).not.toMatch(/rwr_|hash/);
        return itemsOf(reply).find((one) => one['name'] === name);
      },
      (one) => one?.['lastUsed'] !== undefined,
    );
    expect(robot).toMatchObject({
      ...{ repositories: ['team/**'], actions: ['pull', 'push'], createdBy: 'alice', groups: ['ci'] },
      secrets: [{ id: expect.stringMatching(/^[0-9a-f]{12}$/) }],
      lastUsed: { address: BUILDER },
    });
  });

  it('is rotated by nobody whom it would give more than they have', async () => {
    const { cli } = site.front.warden;
    const more = ['--repository', 'team/**', '--days', '1'];
    expect((await cli(['robot', 'create', 'releaser', '--group', 'security', ...more])).status).toBe(0);
    expect((await cli(['robot', 'create', 'cleaner', '--action', 'delete', ...more])).status).toBe(0);
    for (const [name, why] of [
      ['releaser', 'You are not in the group security'],
      ['cleaner', 'that you may delete all of team/**'],
    ] as const) {
      const refused = await eventually(
        () => site.api(`robots/${name}/rotate`, site.login('alice'), { overlapHours: 1 }),
        ({ status }) => status !== 404,
      );
      expect(refused.status).toBe(403);
      expect(refused.error?.message).toContain(why);
    }
    // She may end it.
    const ended = await site.api('robots/cleaner', site.login('alice'), undefined, { method: 'DELETE' });
    expect(ended.status).toBe(204);
  });

  it('that is revoked is refused at once, with all that it has', async () => {
    const { name, login } = await makeRobot();
    const token = tokenIn(await site.askToken(login, PUSH));
    const grant = json(await site.api('grants', login, { repositories: ['team/app'] }));
    const grantLogin = { user: String(grant['user']), password: String(grant['password']) };
    const grantToken = tokenIn(await site.askToken(grantLogin, PUSH));
    const refresh = await site.front.ask({
      path: `/token?${new URLSearchParams({ service: site.front.service, scope: PUSH, offline_token: 'true' })}`,
      ...{ basic: login, from: BUILDER },
    });
    const refreshToken = String(json(refresh)['refresh_token']);
    const ended = await site.api(`robots/${name}`, site.login('alice'), undefined, { method: 'DELETE' });
    expect(ended.status).toBe(204);
    expect((await site.askToken(login, PUSH)).status).toBe(401);
    expect((await push(token)).status).toBe(401);
    expect((await push(grantToken)).status).toBe(401);
    const form = new URLSearchParams({
      ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
      ...{ service: site.front.service, client_id: 'test', scope: PUSH },
    });
    const again = await site.front.ask({
      ...{ path: '/token', method: 'POST', from: BUILDER, body: Buffer.from(String(form)) },
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(again.status).toBe(401);
    // The same name again is another robot.
    const body = { name, repositories: ['team/**'], groups: ['ci'], days: 1 };
    const made = json(await site.api('robots', site.login('alice'), body));
    const other = { user: name, password: String(made['secret']) };
    expect((await push(tokenIn(await site.askToken(other, PUSH)))).status).toBe(201);
  });

  it('gives way to a user of the file, and the record has what was done', async () => {
    const { name, login } = await makeRobot();
    const added = await site.front.warden.cli(['user', 'add', name, '--password-stdin'], {
      input: 'correct horse battery staple\n',
    });
    expect(added.status).not.toBe(0);
    expect(added.stderr).toContain(`there is a robot ${name}`);
    expect((await site.askToken(login, PUSH)).status).toBe(200);
    const recorded = await eventually(
      async () => {
        const reply = await site.api('pushes?type=robot.created&limit=100', site.login('erin'));
        return itemsOf(reply).find(({ robot }) => (robot as { readonly name: string }).name === name);
      },
      (one) => one !== undefined,
    );
    expect(recorded).toMatchObject({
      actor: { sub: 'alice', kind: 'person', evidence: 'verified' },
      peer: { ip: BUILDER },
      robot: { repositories: ['team/**'], actions: ['pull', 'push'], groups: ['ci'] },
    });
  });
});
