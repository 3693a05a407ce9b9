import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, claimsOf, ELSEWHERE, tokenIn } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { ask, type Reply } from '../gate/wire.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { BRANCH_MESSAGE, type Builds, startBuilds } from './front.ts';
import { GITLAB } from './shapes.ts';

describeNeeding(['docker-registry'], 'a build with an id token', () => {
  let builds: Builds;
  beforeAll(async () => {
    builds = await startBuilds();
  }, 60_000);
  afterAll(() => builds?.stop());

  function askToken(
    password: string,
    { user = 'jwt', scope = 'repository:team/app/web:pull,push', more = {}, from = BUILDER } = {},
  ): Promise<Reply> {
    const { place, service } = builds.front;
    const query = new URLSearchParams({ service, scope, ...more });
    return ask(place, { path: `/token?${query}`, basic: { user, password }, from });
  }
  const idToken = (claims: Readonly<Record<string, unknown>> = {}) =>
    builds.issuer.token({ ...GITLAB, ...claims });
  const records = () => readLog(join(builds.front.warden.folder, 'data'));

  async function push(
    repository: string,
    token: string,
    headers: Readonly<Record<string, string>> = {},
    from = BUILDER,
  ): Promise<Reply> {
    const scope = `repository:${repository}:pull,push`;
    const registryToken = tokenIn(await askToken(token, { scope, from }));
    return pushImage(builds.front.place, repository, 'v1', smallImage(), {
      token: registryToken,
      from,
      headers,
    });
  }

  it('pushes by a rule about builds, and what its issuer vouched for is on record as verified', async () => {
    const token = await idToken();
    expect((await push('team/app/web', token)).status).toBe(201);
    const record = records().find(({ type }) => type === 'push.accepted');
    expect(record).toMatchObject({
      actor: {
        sub: 'gitlab:project_path:team/app:ref_type:branch:ref:main',
        kind: 'build',
        method: 'oidc',
        issuer: builds.issuer.url,
        groups: ['platform'],
        evidence: 'verified',
      },
      build: {
        issuer: builds.issuer.url,
        project: 'team/app',
        job: '302',
        number: 574,
        environment: 'production',
        event: 'push',
        token: createHash('sha256').update(token).digest('hex'),
        evidence: 'verified',
      },
      source: { commit: GITLAB['sha'], ref: 'refs/heads/main', evidence: 'verified' },
      operator: { name: 'alice', evidence: 'verified' },
      policy: { rules: ['builds-push-their-own'] },
    });
    expect(record).not.toHaveProperty('meta');
  });

  it('pushes with its groups', async () => {
    expect((await push('platform/base', await idToken())).status).toBe(201);
  });

  it('does not push to another project, from another branch, or from another host', async () => {
    const refused = [
      await push('team/other/web', await idToken()),
      await push('team/app/web', await idToken({ ref: 'feature' })),
      await push('team/app/web', await idToken({ ref_type: 'tag' })),
      await push('team/app/web', await idToken(), {}, ELSEWHERE),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
    expect(refused[1]?.error?.message).toContain(BRANCH_MESSAGE);
    const record = await eventually(
      () =>
        records().find(
          ({ type, source }) =>
            type === 'push.refused' && JSON.stringify(source)?.includes('refs/heads/feature'),
        ),
      (found) => found !== undefined,
    );
    expect(record).toMatchObject({
      build: { project: 'team/app', evidence: 'verified' },
      source: { ref: 'refs/heads/feature', evidence: 'verified' },
      operator: { name: 'alice', evidence: 'verified' },
    });
  });

  it('is not the person whose name its subject is, nor in the groups of people', async () => {
    const token = await idToken({ sub: 'alice', groups_direct: ['ci', 'auditors'] });
    expect(claimsOf(tokenIn(await askToken(token))).sub).toBe('gitlab:alice');
    expect((await push('alice/app', token)).status).toBe(403);
    expect((await push('people/app', token)).status).toBe(403);
  });

  it('gets no refresh token, so that nothing outlives the token', async () => {
    const token = await idToken();
    const { place, service } = builds.front;
    const got = JSON.parse((await askToken(token, { more: { offline_token: 'true' } })).text) as object;
    expect(got).not.toHaveProperty('refresh_token');
    const form = new URLSearchParams({
      grant_type: 'password',
      service,
      username: 'oidc',
      password: token,
      access_type: 'offline',
      client_id: 'test',
    });
    const posted = await ask(place, {
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
    expect(posted.status).toBe(200);
    expect(JSON.parse(posted.text)).not.toHaveProperty('refresh_token');
  });

  it('may name itself by the name that was typed, and by no other', async () => {
    const token = await idToken();
    expect((await askToken(token, { more: { account: 'jwt' } })).status).toBe(200);
    for (const account of ['alice', 'oidc', 'gitlab:alice'])
      expect((await askToken(token, { more: { account } })).status).toBe(400);
  });

  it('is told why its token is refused where the signature held, and is on record without a name', async () => {
    const before = records().length;
    const now = Math.floor(Date.now() / 1000);
    const expired = await idToken({ exp: now - 100, iat: now - 200 });
    const reply = await askToken(expired);
    expect([reply.status, reply.error?.message]).toEqual([
      401,
      'the token of gitlab has expired; the build needs a new one',
    ]);
    const forged = `${expired.slice(0, -8)}AAAAAAAA`;
    expect((await askToken(forged)).error?.message).toBe('user name or password refused');
    const failed = await eventually(
      async () =>
        records()
          .slice(before)
          .filter(({ type }) => type === 'login.failed'),
      (found) => found.length > 0,
    );
    expect(failed[0]).toMatchObject({
      actor: { sub: '(unknown name)', kind: 'build', method: 'oidc', evidence: 'claimed' },
      reason: 'CREDENTIALS_REFUSED',
    });
  });

  it('with another audience is refused, also without a scope', async () => {
    expect((await askToken(await idToken({ aud: 'elsewhere' }), { scope: '' })).status).toBe(401);
  });

  it('leaves a password under such a name to the users', async () => {
    expect((await askToken('no token')).error?.message).toBe('user name or password refused');
    expect((await askToken(await idToken(), { user: 'alice' })).status).toBe(401);
    expect((await askToken(builds.front.passwords.alice, { user: 'alice' })).status).toBe(200);
  });

  it('claims what it likes in headers, which stay claims and become nothing else', async () => {
    const headers = {
      'X-Meta-Jenkins-Job': 'team/app',
      'X-Meta-Number': '9999',
      'X-Meta-Commit': 'x'.repeat(2_000),
      'X-Meta-': 'no name',
    };
    expect((await push('team/app/claims', await idToken(), headers)).status).toBe(201);
    const record = records().findLast(({ type }) => type === 'push.accepted');
    expect(record).toMatchObject({
      meta: { 'jenkins-job': 'team/app', number: '9999', commit: 'x'.repeat(512) },
      build: { number: 574, evidence: 'verified' },
      source: { commit: GITLAB['sha'] },
    });
    const { token, scope } = { token: await idToken({ ref: 'feature' }), scope: { 'X-Meta-Branch': 'main' } };
    expect((await push('team/app/web', token, scope)).status).toBe(403);
  });

  it('claims no more than so many', async () => {
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`X-Meta-A${index}`, 'y']));
    expect((await push('team/app/many', await idToken(), many)).status).toBe(201);
    const record = records().findLast(({ type }) => type === 'push.accepted');
    expect(Object.keys(record?.['meta'] as object)).toHaveLength(16);
  });

  it('reads the record only by a rule', async () => {
    const { place } = builds.front;
    const basic = { user: 'jwt', password: await idToken() };
    expect((await ask(place, { path: '/api/v1/pushes', basic })).status).toBe(403);
  });

  it('leaves no token in the log', async () => {
    const token = await idToken();
    expect((await askToken(token)).status).toBe(200);
    expect((await askToken(`${token.slice(0, -8)}AAAAAAAA`)).status).toBe(401);
    const [, payload = '', signature = ''] = token.split('.');
    const log = builds.front.warden.log();
    expect(log).toContain('the token of a build is refused');
    expect(log).not.toContain(payload);
    expect(log).not.toContain(signature);
  });
});

describeNeeding(['docker-registry'], 'the issuer of builds', () => {
  let builds: Builds;
  beforeAll(async () => {
    builds = await startBuilds({ logins: { failuresPerMinute: { byAddress: 3, byUserAndAddress: 3 } } });
  }, 60_000);
  afterAll(() => builds?.stop());

  const login = (user: string, password: string): Promise<Reply> => {
    const { place, service } = builds.front;
    return ask(place, { path: `/token?${new URLSearchParams({ service })}`, basic: { user, password } });
  };

  it('rotates its keys, and builds do not notice', async () => {
    expect((await login('jwt', await builds.issuer.token(GITLAB))).status).toBe(200);
    builds.issuer.rotate();
    const token = await builds.issuer.token(GITLAB);
    await eventually(
      async () => (await login('jwt', token)).status,
      (status) => status === 200,
    );
  });

  it('is away: builds go on with the keys it had, and after a restart they are told so', async () => {
    const token = await builds.issuer.token(GITLAB);
    await builds.issuer.close();
    expect((await login('jwt', token)).status).toBe(200);
    await builds.front.warden.restart();
    const reply = await login('jwt', token);
    expect([reply.status, reply.error?.message]).toEqual([
      503,
      'the keys of the issuer gitlab cannot be had, so its tokens cannot be checked; other logins and pulls go on',
    ]);
    expect((await login('alice', builds.front.passwords.alice)).status).toBe(200);
    expect(tokenIn(await builds.front.askToken({ scope: 'repository:team/app:pull' }))).not.toBe('');
    const unreachable = async () =>
      /^warden_issuers_unreachable (\d)$/m.exec((await builds.front.operations('/metrics')).text)?.[1];
    expect(await unreachable()).toBe('1');
    await builds.issuer.listen();
    await eventually(
      async () => (await login('jwt', token)).status,
      (status) => status === 200,
    );
    expect(await unreachable()).toBe('0');
  });

  it('does not keep builds out whose tokens hold, however many do not', async () => {
    const token = await builds.issuer.token(GITLAB);
    const bad = `${token.slice(0, -8)}AAAAAAAA`;
    const statuses = [];
    for (let tries = 0; tries < 5; tries++) statuses.push((await login('jwt', bad)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await login('jwt', token)).status).toBe(200);
    expect((await login('alice', builds.front.passwords.alice)).status).toBe(200);
  });
});
