import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { accessIn, BUILDER, claimsOf, ELSEWHERE, type Front, startFront, tokenIn } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { basicHeader, openLine, type Reply, rawRequest, sendRaw } from '../gate/wire.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { changeSettings } from '../support/warden.ts';

describeNeeding(['docker-registry'], 'the token endpoint', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'dave'] });
  }, 60_000);
  afterAll(() => front?.stop());

  const form = (fields: readonly (readonly [string, string])[], headers: Record<string, string> = {}) =>
    front.ask({
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams(fields.map(([name, value]): [string, string] => [name, value])).toString(),
    });
  const passwordForm = (...more: (readonly [string, string])[]) =>
    form([
      ['grant_type', 'password'],
      ['service', front.service],
      ['username', 'alice'],
      ['password', front.passwords.alice],
      ['client_id', 'docker'],
      ...more,
    ]);

  it('grants an anonymous pull to the subject without a name', async () => {
    const reply = await front.askToken({ scope: 'repository:pub:pull' });
    expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull'] });
    expect(claimsOf(tokenIn(reply)).sub).toBe('');
  });

  it('answers an anonymous push with a smaller grant and no error', async () => {
    expect(accessIn(await front.askToken({ scope: 'repository:pub:push,pull' }))).toEqual({
      'repository:pub': ['pull'],
    });
  });

  it('grants the same whatever the order of the actions, and wherever the token is fetched', async () => {
    for (const actions of ['push,pull', 'pull,push']) {
      for (const from of [BUILDER, ELSEWHERE]) {
        const reply = await front.askToken({ user: 'alice', scope: `repository:pub:${actions}`, from });
        expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull', 'push'] });
      }
    }
  });

  it('grants no more than was asked', async () => {
    expect(accessIn(await front.askToken({ user: 'alice', scope: 'repository:pub:pull' }))).toEqual({
      'repository:pub': ['pull'],
    });
  });

  it.each([
    ['a wrong password', () => basicHeader('alice', 'wrong')],
    ['an empty password', () => basicHeader('alice', '')],
    ['a password with a NUL', () => basicHeader('alice', `${front.passwords.alice}\0`)],
    ['a user that does not exist', () => basicHeader('nobody', 'wrong')],
    ['a user in capitals', () => basicHeader('ALICE', front.passwords.alice)],
    ['a user with a blank', () => basicHeader('alice ', front.passwords.alice)],
    ['an empty user', () => basicHeader('', front.passwords.alice)],
    ['Basic that is no base64', () => 'Basic !!!'],
    ['Basic without a colon', () => `Basic ${Buffer.from('alice').toString('base64')}`],
    ['a Bearer', () => 'Bearer x'],
    ['another scheme', () => 'Negotiate abc'],
  ])('answers %s with 401 and never with an anonymous token', async (_what, header) => {
    for (const query of ['', '&scope=repository:pub:pull']) {
      const reply = await front.ask({
        path: `/token?service=${front.service}${query}`,
        headers: { authorization: header() },
      });
      expect(reply.status).toBe(401);
      expect(reply.error).toEqual({ code: 'UNAUTHORIZED', message: 'user name or password refused' });
      expect(reply.headers['content-type']).toBe('application/json');
    }
  });

  it('tells a user that does not exist and a wrong password in the same words', async () => {
    const replies = await Promise.all(
      ['alice', 'nobody'].map((user) =>
        front.ask({ path: `/token?service=${front.service}`, basic: { user, password: 'wrong' } }),
      ),
    );
    const [one, other] = replies.map(({ status, text, headers }) => ({
      status,
      text,
      headers: { ...headers, 'x-request-id': '', date: '' },
    }));
    expect(one).toEqual(other);
  });

  it('takes a request without a scope for a login, whose token opens /v2/ and no repository', async () => {
    const reply = await front.askToken({ user: 'alice' });
    expect(accessIn(reply)).toEqual({});
    const token = tokenIn(reply);
    expect((await front.ask({ path: '/v2/', token })).status).toBe(200);
    const refused = await front.ask({ path: '/v2/pub/tags/list', token });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain('error="insufficient_scope"');
    expect(refused.headers['www-authenticate']).toContain('scope="repository:pub:pull"');
  });

  it.each<readonly [string, readonly string[]]>([
    ['two parameters', ['repository:pub:pull', 'repository:team/app:pull,push']],
    ['one parameter with two', ['repository:pub:pull repository:team/app:push,pull']],
    ['two blanks between', ['repository:pub:pull  repository:team/app:pull,push']],
    [
      'both, with repetitions',
      [
        'repository:pub:pull repository:team/app:pull',
        'repository:team/app:push',
        'repository:pub:pull',
        'repository:team/app:pull,push',
      ],
    ],
  ])('merges scopes into one entry for each repository: %s', async (_form, scope) => {
    expect(accessIn(await front.askToken({ user: 'alice', scope }))).toEqual({
      'repository:pub': ['pull'],
      'repository:team/app': ['pull', 'push'],
    });
  });

  it('takes a password by POST, with a charset behind the type, and says what it granted', async () => {
    const reply = await front.ask({
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' },
      body: new URLSearchParams({
        grant_type: 'password',
        service: front.service,
        username: 'alice',
        password: front.passwords.alice,
        client_id: 'containerd-client',
        scope: 'repository:pub:pull,push repository:sec:pull',
      }).toString(),
    });
    expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull', 'push'] });
    expect(JSON.parse(reply.text)).toMatchObject({ scope: 'repository:pub:pull,push', expires_in: 300 });
    expect(reply.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'cache-control': 'no-store',
    });
  });

  it('takes a chunked form, and a field scope that is repeated', async () => {
    const body = new URLSearchParams([
      ['grant_type', 'password'],
      ['service', front.service],
      ['username', 'alice'],
      ['password', front.passwords.alice],
      ['scope', 'repository:pub:pull'],
      ['scope', 'repository:team/app:pull'],
    ]).toString();
    const reply = await front.ask({
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'transfer-encoding': 'chunked' },
      body: [body.slice(0, 40), body.slice(40)],
    });
    expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull'], 'repository:team/app': ['pull'] });
  });

  it('gives rights to a token whichever way it was asked for', async () => {
    const scope = 'repository:pub:pull,push';
    const offline = await passwordForm(['scope', scope], ['access_type', 'offline']);
    const refresh = String(JSON.parse(offline.text).refresh_token);
    const replies = [
      await front.askToken({ user: 'alice', scope }),
      offline,
      await form([
        ['grant_type', 'refresh_token'],
        ['service', front.service],
        ['refresh_token', refresh],
        ['scope', scope],
      ]),
    ];
    for (const reply of replies) {
      expect(accessIn(reply)).toEqual({ 'repository:pub': ['pull', 'push'] });
      expect(claimsOf(tokenIn(reply)).sub).toBe('alice');
    }
  });

  const refreshWith = (token: string, service = front.service): Promise<Reply> =>
    form([
      ['grant_type', 'refresh_token'],
      ['service', service],
      ['refresh_token', token],
    ]);

  it('keeps a login over a restart, for its own service, until its password is another', async () => {
    const login = await front.askToken({
      user: 'dave',
      more: { offline_token: 'true', client_id: 'docker', account: 'dave' },
    });
    const refresh = String(JSON.parse(login.text).refresh_token);
    expect(refresh.length).toBeGreaterThan(20);
    const again = await refreshWith(refresh);
    expect(claimsOf(tokenIn(again)).sub).toBe('dave');
    expect(JSON.parse(again.text).refresh_token).toBe(refresh);
    expect((await refreshWith(refresh, `${front.service}/api`)).status).toBe(401);
    await front.warden.restart();
    expect((await refreshWith(refresh)).status).toBe(200);
    const changed = await front.warden.cli(['user', 'passwd', 'dave', '--password-stdin'], {
      input: 'another password of dave',
    });
    expect({ ...changed, stdout: '' }).toMatchObject({ status: 0 });
    // The file of users is looked at once a second.
    const ended = await eventually(
      () => refreshWith(refresh),
      ({ status }) => status !== 200,
    );
    expect(ended.status).toBe(401);
    expect(ended.error).toEqual({ code: 'UNAUTHORIZED', message: 'the login has ended; log in again' });
    expect(front.warden.log()).not.toContain(refresh);
  });

  it('gives no refresh token to whoever did not ask, nor to the anonymous', async () => {
    const plain = await front.askToken({ user: 'alice' });
    const anonymous = await front.askToken({ more: { offline_token: 'true' } });
    expect([plain, anonymous].map(({ text }) => JSON.parse(text).refresh_token)).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('refuses what is no refresh token, an access token included', async () => {
    const access = await front.token({ user: 'alice', scope: 'repository:pub:pull' });
    for (const token of ['bogus', access, '']) expect((await refreshWith(token)).status).toBe(401);
  });

  it('refuses a refresh token as password of no user, and does not log it', async () => {
    const login = await front.askToken({ user: 'alice', more: { offline_token: 'true' } });
    const refresh = String(JSON.parse(login.text).refresh_token);
    const reply = await front.ask({
      path: `/token?service=${front.service}`,
      basic: { user: '', password: refresh },
    });
    expect(reply.status).toBe(401);
    expect(front.warden.log()).not.toContain(refresh);
    expect(front.warden.log()).not.toContain(basicHeader('', refresh).slice(6));
  });

  it.each<readonly [string, number, () => Promise<Reply>]>([
    [
      'an unknown grant',
      400,
      () =>
        form([
          ['grant_type', 'client_credentials'],
          ['service', front.service],
        ]),
    ],
    ['no grant', 400, () => form([['service', front.service]])],
    ['a repeated field', 400, () => passwordForm(['username', 'bob'])],
    ['JSON', 415, () => form([['grant_type', 'password']], { 'content-type': 'application/json' })],
    ['a multipart form', 415, () => form([], { 'content-type': 'multipart/form-data; boundary=x' })],
    [
      'Basic beside the form',
      400,
      () => form([['grant_type', 'password']], { authorization: basicHeader('a', 'b') }),
    ],
    ['a form over the limit', 413, () => passwordForm(['scope', 'x'.repeat(70_000)])],
    [
      'another service',
      400,
      () =>
        form([
          ['grant_type', 'password'],
          ['service', 'other.example'],
          ['username', 'a'],
          ['password', 'b'],
        ]),
    ],
    [
      'a wrong password',
      401,
      () =>
        form([
          ['grant_type', 'password'],
          ['service', front.service],
          ['username', 'alice'],
          ['password', 'b'],
        ]),
    ],
  ])('refuses a POST with %s: %i', async (_what, status, send) => {
    const reply = await send();
    expect(reply.status).toBe(status);
    expect(reply.error?.code).toMatch(/^[A-Z_]+$/);
    expect(reply.text).not.toMatch(/"(?:access_)?token":/);
  });

  it('makes tokens for its own services only', async () => {
    for (const service of ['other.example', 'docker-registry', '']) {
      const reply = await front.askToken({ user: 'alice', service, scope: 'repository:pub:pull' });
      expect(reply.status).toBe(400);
      expect(reply.error?.code).toBe('UNSUPPORTED');
    }
    const twice = await front.ask({ path: `/token?service=${front.service}&service=docker-registry` });
    expect(twice.status).toBe(400);
  });

  it.each([
    ['repository:host:5000/a:pull', 200],
    ['repository(plugin):pub:pull', 200],
    ['repository::pull', 400],
    ['repository:a', 400],
    ['x:y:z', 200],
    ['repository:A/b:pull', 400],
    ['repository:a/../b:pull', 400],
    ['Repository:pub:pull', 400],
    ['repository:pub/:pull', 400],
    ['repository://pub:pull', 400],
    ['repository:pu%62:pull', 400],
    ['repository:pub/*:pull', 400],
    ['repository:*:*', 400],
    [`repository:${'a'.repeat(256)}:pull`, 400],
    ['repository:pub:PULL', 400],
    ['registry:catalog:*', 200],
    ['registry:catalog:pull', 200],
    ['registry:other:*', 200],
    ['', 200],
  ])('grants nothing for the scope %j', async (scope, status) => {
    const reply = await front.askToken({ user: 'bob', scope });
    expect(reply.status).toBe(status);
    if (status === 200) expect(accessIn(reply)).toEqual({});
    else expect(reply.text).not.toMatch(/"(?:access_)?token":/);
  });

  it('answers * with the words that are granted and never with *', async () => {
    const granted = async (user: 'alice' | 'bob' | 'dave', scope: string) =>
      accessIn(await front.askToken({ user, scope }));
    expect(await granted('bob', 'repository:pub:*')).toEqual({ 'repository:pub': ['pull'] });
    expect(await granted('alice', 'repository:pub:*')).toEqual({ 'repository:pub': ['pull', 'push'] });
    expect(await granted('alice', 'repository:pub:*,bogus')).toEqual({ 'repository:pub': ['pull', 'push'] });
    expect(await granted('alice', 'repository:pub:bogus')).toEqual({});
  });

  it('gives the push that is allowed although a pull beside it is not', async () => {
    const scope = ['repository:team/app:pull,push', 'repository:sec:pull'];
    expect(accessIn(await front.askToken({ user: 'alice', scope }))).toEqual({
      'repository:team/app': ['pull', 'push'],
    });
  });

  it('makes no token that would be too large to be taken', async () => {
    const name = (at: number) => `team/${'a'.repeat(245 - String(at).length)}${at}`;
    const scopes = Array.from({ length: 100 }, (_, at) => `repository:${name(at)}:pull,push`);
    const body = scopes.map((scope) => ['scope', scope] as const);
    const reply = await passwordForm(...body);
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('too large a token');
  });

  it('takes a hundred scopes, whose token fits into a head, and refuses more', async () => {
    const scopes = Array.from(
      { length: 100 },
      (_, at) => `repository:team/repository-number-${at}:pull,push`,
    );
    const token = await front.token({ user: 'alice', scope: scopes });
    expect(claimsOf(token).access).toHaveLength(100);
    expect((await front.ask({ path: '/v2/', token })).status).toBe(200);
    expect((await front.askToken({ user: 'alice', scope: [...scopes, 'repository:pub:pull'] })).status).toBe(
      400,
    );
    const many = Array.from({ length: 10_000 }, (_, at) => `repository:a${at}:pull`);
    expect((await passwordForm(['scope', many.join(' ')])).status).toBe(413);
    const target = `/token?service=${front.service}&scope=${many.join('+')}`;
    const { replies } = await sendRaw(
      front.place,
      rawRequest(`GET ${target} HTTP/1.1`, [`Host: ${front.service}`]),
    );
    expect(replies[0]?.status).toBe(431);
  });

  it('announces the life that the token has', async () => {
    const reply = await front.askToken({ user: 'alice', scope: 'repository:pub:pull,push' });
    const { expires_in: announced, issued_at: issued } = JSON.parse(reply.text) as Record<string, unknown>;
    const { exp, iat } = claimsOf(tokenIn(reply));
    expect(announced).toBe(exp - iat);
    // Clients add the two on their own clock, and one that is behind would keep dead tokens.
    expect(issued).toBeUndefined();
  });

  it('never gives two tokens that can push the same id, and records which one pushed', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 20 }, () =>
        front.token({ user: 'alice', scope: 'repository:pub:pull,push', from: ELSEWHERE }),
      ),
    );
    const ids = tokens.map((token) => claimsOf(token).jti);
    expect(new Set(ids).size).toBe(20);
    const pushed = await pushImage(front.place, 'pub', 'who', smallImage(), {
      token: String(tokens[7]),
      from: BUILDER,
    });
    expect(pushed.status).toBe(201);
    const record = readLog(join(front.warden.folder, 'data')).findLast(
      ({ type }) => type === 'push.accepted',
    );
    expect(record).toMatchObject({
      tag: { name: 'who' },
      actor: { sub: 'alice', jti: ids[7] },
      peer: { ip: BUILDER, host: 'jenkins-01' },
      token: { ip: ELSEWHERE },
    });
  });

  it.each([
    ['colons', ':a:b::c::d:'],
    ['letters of other scripts', 'pässwörd-密码-🔑'],
    ['200 characters', 'long-'.repeat(40)],
  ])('takes a password with %s', async (_what, password) => {
    const name = `u${Buffer.from(password).length}`;
    const added = await front.warden.cli(['user', 'add', name, '--password-stdin'], { input: password });
    expect(added).toMatchObject({ status: 0 });
    const right = await eventually(
      () => front.ask({ path: `/token?service=${front.service}`, basic: { user: name, password } }),
      ({ status }) => status === 200,
    );
    expect(claimsOf(tokenIn(right)).sub).toBe(name);
    const wrong = await front.ask({
      path: `/token?service=${front.service}`,
      basic: { user: name, password: `${password}x` },
    });
    expect(wrong.status).toBe(401);
  });

  it('makes the token for whoever authenticated, not for whom a parameter names', async () => {
    expect((await front.askToken({ user: 'alice', more: { account: 'bob' } })).status).toBe(400);
    expect(claimsOf(await front.token({ user: 'alice', more: { account: 'alice' } })).sub).toBe('alice');
    expect(claimsOf(await front.token({ more: { account: 'bob' } })).sub).toBe('');
  });

  it.each(['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'HEAD'])('does not offer %s', async (method) => {
    const reply = await front.ask({ method, path: `/token?service=${front.service}` });
    expect(reply.status).toBe(405);
    expect(reply.headers['allow']).toBe('GET, POST');
    expect(reply.text).not.toMatch(/"(?:access_)?token":/);
  });

  it('refuses two Authorization headers', async () => {
    const head = rawRequest(`GET /token?service=${front.service} HTTP/1.1`, [
      `Host: ${front.service}`,
      `Authorization: ${basicHeader('alice', front.passwords.alice)}`,
      `Authorization: ${basicHeader('bob', front.passwords.bob)}`,
      'Connection: close',
    ]);
    const { replies } = await sendRaw(front.place, head);
    expect(replies.map(({ status }) => status)).toEqual([400]);
  });

  it('answers once, and only what was asked, when a second request hides in a body', async () => {
    const inner = rawRequest(`GET /token?service=${front.service} HTTP/1.1`, [`Host: ${front.service}`]);
    const line = openLine(front.place);
    line.write(
      rawRequest(
        'DELETE /token HTTP/1.1',
        [`Host: ${front.service}`, `Content-Length: ${inner.length}`, 'Connection: close'],
        inner,
      ),
    );
    await line.closed;
    expect(line.text().match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 405']);
  });
});

describeNeeding(['docker-registry'], 'too many failed logins', () => {
  let front: Front;
  beforeAll(async () => {
    const failuresPerMinute = { byAddress: 8, byUserAndAddress: 3 };
    front = await startFront({ users: ['alice', 'bob'], settings: { logins: { failuresPerMinute } } });
  }, 60_000);
  afterAll(() => front?.stop());

  it('are stopped for that user at that address, and for nobody else', async () => {
    const attempt = (user: string, password: string, from: string) =>
      front.ask({ path: `/token?service=${front.service}`, basic: { user, password }, from });
    const statuses: number[] = [];
    for (let tries = 0; tries < 4; tries++)
      statuses.push((await attempt('alice', `x${tries}`, ELSEWHERE)).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    const limited = await attempt('alice', front.passwords.alice, ELSEWHERE);
    expect(limited.status).toBe(429);
    expect(limited.error).toEqual({
      code: 'TOOMANYREQUESTS',
      message: 'too many failed logins; wait and try again',
    });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    expect((await attempt('alice', front.passwords.alice, BUILDER)).status).toBe(200);
    expect((await attempt('bob', front.passwords.bob, ELSEWHERE)).status).toBe(200);
  });

  it('do not stop an address that only pulls', async () => {
    for (let tries = 0; tries < 9; tries++) {
      await front.ask({
        path: `/token?service=${front.service}`,
        basic: { user: `u${tries}`, password: 'x' },
        from: '127.0.0.9',
      });
    }
    const login = { path: `/token?service=${front.service}`, from: '127.0.0.9' };
    expect(
      (await front.ask({ ...login, basic: { user: 'bob', password: front.passwords.bob } })).status,
    ).toBe(429);
    expect((await front.ask({ ...login })).status).toBe(200);
  });

  it('end an account at the next request when its password changes', async () => {
    const login = () => front.askToken({ user: 'bob', from: BUILDER });
    expect((await login()).status).toBe(200);
    const done = await front.warden.cli(['user', 'passwd', 'bob', '--password-stdin'], {
      input: 'an other password',
    });
    expect(done.status).toBe(0);
    expect((await eventually(login, ({ status }) => status !== 200)).status).toBe(401);
  });
});

describeNeeding(['docker-registry', 'openssl'], 'tokens that are signed with RSA', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    const { generateKeyPairSync } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const { writeFileSync } = await import('node:fs');
    const keyFile = `${front.warden.folder}/rsa.pem`;
    writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    changeSettings(front.warden.settingsFile, { tokens: { keyFile, algorithm: 'RS256' } });
    await front.warden.restart();
  }, 60_000);
  afterAll(() => front?.stop());

  it('open the gate like those of an elliptic curve', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push', from: BUILDER });
    expect(JSON.parse(Buffer.from(String(token.split('.')[0]), 'base64url').toString())).toMatchObject({
      alg: 'RS256',
    });
    expect((await pushImage(front.place, 'pub', 'rsa', smallImage(), { token, from: BUILDER })).status).toBe(
      201,
    );
  });
});
