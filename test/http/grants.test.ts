/** Push grants over the API, at the token endpoint and at the gate, beside a registry. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, claimsOf, ELSEWHERE, OTHER_BUILDER, tokenIn } from '../gate/front.ts';
import { pushImage, putManifest, smallImage } from '../gate/images.ts';
import { itemsOf, type Json, json, type Login, type Machines, startMachines } from '../gate/machines.ts';
import { describeNeeding } from '../support/needs.ts';

let site: Machines;
beforeAll(async () => {
  site = await startMachines();
}, 60_000);
afterAll(() => site?.front.stop());

const JOB = {
  job: 'app/main',
  number: 42,
  commit: '714a629c0b401fdce83e847fc9589983fc6f46bc',
  operator: 'dora',
  url: 'https://jenkins.corp/job/app/42/',
};

async function ask(more: object = {}, login = site.login('alice'), from = BUILDER) {
  const body = { repositories: ['team/app'], tags: ['v1'], minutes: 10, ...JOB, ...more };
  const grant = json(await site.api('grants', login, body, { from }));
  return {
    grant,
    id: String(grant['id']),
    login: { user: grant['user'], password: grant['password'] } as Login,
  };
}

const scope = (repository: string) => `repository:${repository}:pull,push`;
const tokenOf = async (login: Login, repository = 'team/app', from = BUILDER) =>
  tokenIn(await site.askToken(login, scope(repository), from));
const push = (token: string, repository = 'team/app', tag = 'v1', image = smallImage(), from = BUILDER) =>
  pushImage(site.front.place, repository, tag, image, { token, from });
const show = async (id: string) => json(await site.api(`grants/${id}`, site.login('alice')));

async function recordOf(type: string, id: string): Promise<Json> {
  return eventually(
    async () => {
      const reply = await site.api(`pushes?type=${type}&limit=200`, site.login('erin'));
      return itemsOf(reply).find((one) => one['grant'] === id) ?? {};
    },
    (one) => one['grant'] === id,
  );
}

describeNeeding(['docker-registry'], 'a push grant', () => {
  it('pushes what it names, and the record has its job as claimed', async () => {
    const { grant, id, login } = await ask();
    expect(grant).toMatchObject({ state: 'open', host: 'jenkins-01', addresses: [BUILDER], user: id });
    expect(login.password).toMatch(/^rwg_[0-9A-Za-z]{49}$/);
    const token = await tokenOf(login);
    expect(claimsOf(token)).toMatchObject({
      sub: 'alice',
      warden: { kind: 'person', method: 'grant', groups: ['ci'], via: { grant: id } },
    });
    expect((await push(token)).status).toBe(201);
    const { build, source, operator, actor } = await recordOf('push.accepted', id);
    expect(actor).toMatchObject({ sub: 'alice', kind: 'person', method: 'grant', evidence: 'verified' });
    expect(build).toEqual({ job: JOB.job, number: 42, url: JOB.url, evidence: 'claimed' });
    expect(source).toEqual({ commit: JOB.commit, evidence: 'claimed' });
    expect(operator).toEqual({ name: 'dora', evidence: 'claimed' });
    expect(await recordOf('grant.requested', id)).toMatchObject({
      actor: { sub: 'alice' },
      peer: { ip: BUILDER },
      terms: {
        repositories: ['team/app'],
        tags: ['v1'],
        addresses: [BUILDER],
        host: 'jenkins-01',
        minutes: 10,
      },
      operator: { name: 'dora', evidence: 'claimed' },
    });
  });

  it('is worth nothing from another host, for another repository or for another tag', async () => {
    const { id, login } = await ask();
    for (const from of [ELSEWHERE, OTHER_BUILDER]) {
      const reply = await site.askToken(login, scope('team/app'), from);
      expect([reply.status, reply.error?.message]).toEqual([
        401,
        'this push grant works from another host only',
      ]);
    }
    const token = await tokenOf(login);
    expect((await push(token, 'team/app', 'v1', smallImage(), OTHER_BUILDER)).status).toBe(403);
    expect((await push(token, 'team/app', 'latest')).status).toBe(403);
    expect((await push(await tokenOf(login, 'team/other'), 'team/other')).status).toBe(403);
    // Its own password asks for nothing more.
    expect((await site.api('grants', login, { repositories: ['team/app'] })).status).toBe(403);
    // By the grant its job is found.
    expect(await recordOf('push.refused', id)).toMatchObject({
      ...{ reason: 'POLICY_DENIED', subject: { repo: expect.stringMatching(/^team\//) } },
      actor: { sub: 'alice', method: 'grant' },
    });
  });

  it('still pulls what anyone may pull', async () => {
    const { login } = await ask();
    const reply = await site.askToken(login, 'repository:pub/base:pull');
    expect(claimsOf(tokenIn(reply)).access).toEqual([
      { type: 'repository', name: 'pub/base', actions: ['pull'] },
    ]);
  });

  it('may be for another host that policy lets push, by name or by address', async () => {
    const { grant, login } = await ask({ host: 'jenkins-02' }, site.login('alice'), ELSEWHERE);
    expect(grant['addresses']).toEqual([OTHER_BUILDER]);
    expect((await site.askToken(login, scope('team/app'), ELSEWHERE)).status).toBe(401);
    expect(
      (
        await push(
          await tokenOf(login, 'team/app', OTHER_BUILDER),
          'team/app',
          'v1',
          smallImage(),
          OTHER_BUILDER,
        )
      ).status,
    ).toBe(201);
    const body = { repositories: ['team/app'], host: ELSEWHERE };
    const refused = await site.api('grants', site.login('alice'), body);
    expect(refused.status).toBe(403);
    expect(refused.error?.message).toMatch(/needed: from builders; rule team-push/);
    expect((await site.api('grants', site.login('alice'), { ...body, host: 'nowhere' })).status).toBe(400);
  });

  it('lasts until all its tags are pushed; what a client repeats then is taken, and nothing else', async () => {
    const { id, login } = await ask({ tags: ['v2', 'latest'] });
    const image = smallImage();
    const token = await tokenOf(login);
    expect((await push(token, 'team/app', 'v2', image)).status).toBe(201);
    // A client that did not hear the answer pushes the same tag again, with a token of its own.
    const another = await tokenOf(login);
    expect((await push(another, 'team/app', 'v2', image)).status).toBe(201);
    expect(await show(id)).toMatchObject({ state: 'open', outstanding: ['team/app:latest'] });
    // The parts of an image go by digest.
    const child = smallImage();
    expect((await push(another, 'team/app', child.digest, child)).status).toBe(201);
    expect((await push(another, 'team/app', 'latest', image)).status).toBe(201);
    expect(await show(id)).toMatchObject({ state: 'used-up', outstanding: [], ended: { why: 'used-up' } });
    expect((await recordOf('grant.used-up', id))['actor']).toMatchObject({ sub: 'alice' });
    const repeated = { token, from: BUILDER };
    expect((await putManifest(site.front.place, 'team/app', 'latest', image, repeated)).status).toBe(201);
    const other = await push(token, 'team/app', 'latest');
    expect(other).toMatchObject({ status: 403, error: { code: 'DENIED' } });
    expect(other.error?.message).toContain('This grant is used up');
    expect(await recordOf('push.refused', id)).toMatchObject({
      ...{ reason: 'GRANT_SPENT', tag: { name: 'latest' }, actor: { sub: 'alice' } },
    });
    const login2 = await site.askToken(login, scope('team/app'));
    expect([login2.status, login2.error?.message]).toEqual([401, 'this push grant is used up']);
  });

  it('with a pattern lasts until it is closed, and then nothing of it is worth anything', async () => {
    const { id, login } = await ask({ tags: ['v*'] });
    const token = await tokenOf(login);
    expect((await push(token, 'team/app', 'v3')).status).toBe(201);
    expect((await push(token, 'team/app', 'v4')).status).toBe(201);
    expect((await push(token, 'team/app', 'w1')).status).toBe(403);
    // By itself: a job that has nothing else left closes it.
    expect(json(await site.api(`grants/${id}/close`, login, {}))).toMatchObject({ state: 'closed' });
    expect((await push(token, 'team/app', 'v5')).status).toBe(401);
    expect((await site.askToken(login, scope('team/app'))).status).toBe(401);
    expect((await site.api(`grants/${id}/close`, site.login('alice'), {})).status).toBe(409);
    expect(await recordOf('grant.closed', id)).toMatchObject({ why: 'closed', actor: { method: 'grant' } });
  });

  it('ends with its time, and with the login of who asked for it', async () => {
    const { login } = await ask();
    const token = await tokenOf(login);
    const { exp } = claimsOf(token);
    expect(exp * 1000 - Date.now()).toBeLessThanOrEqual(600_000);
    const frank = await ask({}, site.login('frank'));
    const franks = await tokenOf(frank.login);
    const changed = await site.front.warden.cli(['user', 'passwd', 'frank', '--password-stdin'], {
      input: 'another long password of his\n',
    });
    expect(changed.status).toBe(0);
    const reply = await eventually(
      () => site.askToken(frank.login, scope('team/app')),
      ({ status }) => status === 401,
    );
    expect(reply.error?.message).toBe('this push grant has ended with the login that asked for it');
    const left = await push(franks);
    expect(left).toMatchObject({ status: 403, error: { code: 'DENIED' } });
    expect(left.error?.message).toContain('ended with the login that asked for it');
  });

  it.each([
    ['a repository that the asker may not push to', { repositories: ['pub/x', 'sec'] }, 403],
    ['no repository', { repositories: [] }, 400],
    ['a pattern of repositories', { repositories: ['team/**'] }, 400],
    ['a tag that is none', { tags: ['a b'] }, 400],
    ['more time than there may be', { minutes: 481 }, 400],
    ['an operator of two lines', { operator: 'a\nb' }, 400],
    ['an unknown key', { approved: true }, 400],
  ] as const)('is not given for %s', async (_name, more, status) => {
    const body = { repositories: ['team/app'], ...more };
    expect((await site.api('grants', site.login('alice'), body)).status).toBe(status);
  });

  it('of a robot is no wider than the robot', async () => {
    const body = { name: 'maker', repositories: ['team/app'], groups: ['ci'], days: 1, actions: ['create'] };
    const made = json(await site.api('robots', site.login('alice'), body));
    const { login } = await ask({ tags: ['c1', 'c2'] }, { user: 'maker', password: String(made['secret']) });
    const token = await tokenOf(login);
    expect((await push(token, 'team/app', 'c1')).status).toBe(201);
    expect(await push(token, 'team/app', 'c1')).toMatchObject({ status: 403, error: { code: 'DENIED' } });
  });

  it('admits one image under its last tag, also where several are pushed at once', async () => {
    const { login } = await ask({ tags: ['once'] });
    const token = await tokenOf(login);
    const all = await Promise.all(Array.from({ length: 8 }, () => push(token, 'team/app', 'once')));
    expect(all.map(({ status }) => status).sort()).toEqual([201, 403, 403, 403, 403, 403, 403, 403]);
  });

  it('does not end the logins of who asked for it, nor see them', async () => {
    const { login } = await ask();
    expect((await site.api('sessions', login)).status).toBe(403);
    const reply = await site.api('revocations', login, { kind: 'subject', id: 'alice' });
    expect(reply.status).toBe(403);
  });

  it('is nobody else’s to see or to close', async () => {
    const { id } = await ask();
    for (const login of [site.login('carol'), site.login('bob'), (await ask()).login]) {
      expect((await site.api(`grants/${id}`, login)).status).toBe(404);
      expect((await site.api(`grants/${id}/close`, login, {})).status).toBe(404);
    }
    expect(itemsOf(await site.api('grants', site.login('bob')))).toEqual([]);
    expect(JSON.stringify(json(await site.api('grants', site.login('alice'))))).not.toMatch(/rwg_|hash/);
  });
});

describeNeeding(['docker-registry'], 'a grant for production', () => {
  const PROD = { repositories: ['prod/shop'], tags: ['v1'] };

  it('waits for somebody else, and then pushes', async () => {
    const { id, grant, login } = await ask(PROD);
    expect(grant['state']).toBe('pending');
    const pending = await site.askToken(login, scope('prod/shop'));
    expect([pending.status, pending.error?.message]).toEqual([401, 'this push grant is not approved yet']);
    const waiting = site.api(`grants/${id}?wait=20`, site.login('alice'));
    expect((await site.api(`grants/${id}/approve`, site.login('carol'), {})).status).toBe(400);
    const approved = await site.api(`grants/${id}/approve`, site.login('carol'), { comment: 'CHG-1234' });
    expect(json(approved)).toMatchObject({ state: 'open', approved: { name: 'carol', comment: 'CHG-1234' } });
    expect(json(await waiting)).toMatchObject({ state: 'open' });
    expect((await push(await tokenOf(login, 'prod/shop'), 'prod/shop')).status).toBe(201);
    expect(await recordOf('grant.approved', id)).toMatchObject({
      actor: { sub: 'carol', evidence: 'verified' },
      comment: 'CHG-1234',
    });
    expect((await site.api(`grants/${id}/approve`, site.login('carol'), { comment: 'again' })).status).toBe(
      409,
    );
  });

  it('is approved neither by who asked, nor by the operator, nor by their robots, nor without the right', async () => {
    const own = await ask(PROD);
    const reply = await site.api(`grants/${own.id}/approve`, site.login('alice'), { comment: 'me' });
    expect(reply.status).toBe(403);
    const byOperator = await ask({ ...PROD, operator: 'Carol' });
    const carol = await site.api(`grants/${byOperator.id}/approve`, site.login('carol'), { comment: 'mine' });
    expect(carol.status).toBe(403);
    expect(carol.error?.message).toContain('somebody else must look at it');
    expect((await site.api(`grants/${own.id}/approve`, site.login('bob'), { comment: 'x' })).status).toBe(
      404,
    );
    expect((await site.api(`grants/${own.id}/approve`, own.login, { comment: 'x' })).status).toBe(401);
    // It can be refused, and is then over.
    const closed = await site.api(`grants/${own.id}/close`, site.login('carol'), { comment: 'not today' });
    expect(json(closed)).toMatchObject({
      state: 'closed',
      ended: { by: { name: 'carol', comment: 'not today' } },
    });
  });
});

describeNeeding(['docker-registry'], 'the number of grants', () => {
  it('of one owner that are open is bounded, and a closed one makes room', async () => {
    const few = await startMachines({ settings: { grants: { openPerOwner: 2 } } });
    try {
      const asked = (user: 'alice' | 'frank') =>
        few.api('grants', few.login(user), { repositories: ['team/app'], minutes: 10, ...JOB });
      const { id } = json(await asked('alice'));
      expect((await asked('alice')).status).toBe(201);
      const third = await asked('alice');
      expect([third.status, third.headers['retry-after'], third.error?.message]).toEqual([
        429,
        '60',
        expect.stringContaining('2 grants of yours are open or pending'),
      ]);
      expect((await asked('frank')).status).toBe(201);
      expect((await few.api(`grants/${String(id)}/close`, few.login('alice'), {})).status).toBe(200);
      expect((await asked('alice')).status).toBe(201);
    } finally {
      await few.front.stop();
    }
  }, 60_000);
});
