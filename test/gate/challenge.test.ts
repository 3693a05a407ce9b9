import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { encodeParts, foreignKey, readKey, readParts, signParts, signWithPublicKey } from './forge.ts';
import {
  BUILDER,
  claimsOf,
  ELSEWHERE,
  type Front,
  HINT,
  OTHER_BUILDER,
  registryMoment,
  registryRequests,
  startFront,
} from './front.ts';
import { blobOf, pushImage, putBlob, smallImage, startUpload } from './images.ts';
import { ask, basicHeader, type Reply, rawRequest, sendRaw } from './wire.ts';

const PUSH = 'repository:team/app:pull,push';

describeNeeding(['docker-registry'], 'who asks at the gate', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'carol'] });
  }, 60_000);
  afterAll(() => front?.stop());

  it.each(['GET', 'HEAD'])('is asked for by one Bearer challenge at %s /v2/', async (method) => {
    const { replies } = await sendRaw(
      front.place,
      rawRequest(`${method} /v2/ HTTP/1.1`, [`Host: ${front.service}`, 'Connection: close']),
      { method },
    );
    const [reply] = replies as [Reply];
    expect(replies).toHaveLength(1);
    expect(reply.status).toBe(401);
    // Two header lines would have been joined by a comma and a blank.
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer realm="${front.warden.url}/token",service="${front.service}"`,
    );
    expect(reply.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(reply.error?.code).toBe(method === 'GET' ? 'UNAUTHORIZED' : undefined);
  });

  it.each([
    ['GET', '/v2/team/app/tags/list', 'repository:team/app:pull'],
    ['GET', '/v2/team/app/manifests/1', 'repository:team/app:pull'],
    ['PUT', '/v2/team/app/manifests/1', 'repository:team/app:pull,push'],
    ['DELETE', '/v2/team/app/manifests/1', 'repository:team/app:delete'],
    ['POST', '/v2/team/app/blobs/uploads/', 'repository:team/app:pull,push'],
    ['GET', '/v2/_catalog', 'registry:catalog:*'],
  ])('names the scope that %s %s needs', async (method, path, scope) => {
    const reply = await front.ask({ method, path });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer realm="${front.warden.url}/token",service="${front.service}",scope="${scope}"`,
    );
  });

  it.each([
    ['Host', 'Host: evil.example'],
    ['X-Forwarded-Host', 'X-Forwarded-Host: evil.example'],
    ['X-Forwarded-Proto', 'X-Forwarded-Proto: https'],
    ['Forwarded', 'Forwarded: host=evil.example;proto=https'],
    ['X-Original-Host', 'X-Original-Host: evil.example'],
  ])('sends nobody to another realm because of the header %s', async (name, line) => {
    const host = name === 'Host' ? [] : [`Host: ${front.service}`];
    const { replies } = await sendRaw(
      front.place,
      rawRequest('GET /v2/ HTTP/1.1', [...host, line, 'Connection: close']),
    );
    expect(replies[0]?.headers['www-authenticate']).toBe(
      `Bearer realm="${front.warden.url}/token",service="${front.service}"`,
    );
  });

  it('lets a right token in, in any spelling of Bearer', async () => {
    const token = await front.token({});
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const reply = await front.ask({ path: '/v2/', headers: { authorization: `${scheme} ${token}` } });
      expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text: '{}' });
    }
  });

  it('takes Basic for no token, and passes nothing on', async () => {
    const authorization = basicHeader('alice', front.passwords.alice);
    const reply = await front.ask({ path: '/v2/', headers: { authorization } });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer realm="${front.warden.url}/token",service="${front.service}"`,
    );
  });

  const forgeries: readonly (readonly [string, (good: string) => string | Promise<string>])[] = [
    ['of garbage', () => 'garbage'],
    ['of three empty parts', () => '..'],
    ['that was cut', (good) => good.slice(0, -4)],
    ['whose claims were changed', (good) => tampered(good)],
    ['that expired', (good) => resigned(good, (now) => ({ exp: now - 61, iat: now - 361, nbf: now - 371 }))],
    [
      'that holds from later',
      (good) => resigned(good, (now) => ({ nbf: now + 120, iat: now + 120, exp: now + 400 })),
    ],
    ['for another audience', (good) => resigned(good, () => ({ aud: 'other.example' }))],
    ['for a list of audiences', (good) => resigned(good, () => ({ aud: [front.service] }))],
    ['of another issuer', (good) => resigned(good, () => ({ iss: 'somebody' }))],
    ['for another use', (good) => resigned(good, () => ({ use: 'api' }))],
    ['without a time of issue', (good) => resigned(good, () => ({ iat: undefined }))],
    ['without an end', (good) => resigned(good, () => ({ exp: undefined }))],
    ['with null in its access', (good) => resigned(good, () => ({ access: [null] }))],
    [
      'with a right that does not exist',
      (good) => resigned(good, () => ({ access: [{ type: 'repository', name: 'pub', actions: ['admin'] }] })),
    ],
    ['with a claim more', (good) => resigned(good, () => ({ admin: true }))],
    ['of an anonymous with a name', (good) => resigned(good, () => ({ sub: 'alice' }))],
    [
      'with alg none',
      (good) => `${encodeParts({ ...readParts(good), header: { typ: 'JWT', alg: 'none' } })}.`,
    ],
    ['with alg none and our kid', (good) => unsigned(good)],
    ['signed with the public key as secret', (good) => signWithPublicKey(readParts(good), key())],
    ['signed by another key under our kid', (good) => signParts(readParts(good), foreignKey())],
    ['that brings its key along', (good) => withJwk(good)],
    ['without a kid', (good) => reheaded(good, { kid: undefined })],
    ['with an empty kid', (good) => reheaded(good, { kid: '' })],
    ['with an unknown kid', (good) => reheaded(good, { kid: 'x' })],
    ['with a header more', (good) => reheaded(good, { crit: [] })],
    ['of another type', (good) => reheaded(good, { typ: 'at+jwt' })],
    ['of 100 kB without a point', () => 'x'.repeat(40_000)],
  ];
  const key = () => readKey(join(front.warden.folder, 'keys', 'tokens.pem'));
  function resigned(good: string, change: (now: number) => Record<string, unknown>): string {
    const { header, claims } = readParts(good);
    return signParts({ header, claims: { ...claims, ...change(Math.floor(Date.now() / 1000)) } }, key());
  }
  function reheaded(good: string, change: Record<string, unknown>): string {
    const { header, claims } = readParts(good);
    return signParts({ header: { ...header, ...change }, claims }, key());
  }
  function tampered(good: string): string {
    const { header, claims } = readParts(good);
    return `${encodeParts({ header, claims: { ...claims, sub: 'alice' } })}.${good.split('.')[2]}`;
  }
  function unsigned(good: string): string {
    const { header, claims } = readParts(good);
    return `${encodeParts({ header: { ...header, alg: 'none' }, claims })}.AA`;
  }
  function withJwk(good: string): string {
    const theirs = foreignKey();
    const { header, claims } = readParts(good);
    const jwk = createPublicKey(theirs).export({ format: 'jwk' });
    return signParts({ header: { ...header, jwk }, claims }, theirs);
  }

  it('accepts a token that was taken apart and signed again unchanged', async () => {
    const good = await front.token({});
    expect((await front.ask({ path: '/v2/', token: resigned(good, () => ({})) })).status).toBe(200);
    // Clocks differ by up to a minute.
    const late = resigned(good, (now) => ({ exp: now - 50, iat: now - 350, nbf: now - 360 }));
    expect((await front.ask({ path: '/v2/', token: late })).status).toBe(200);
  });

  it.each(forgeries)('refuses a token %s', async (_what, forge) => {
    const token = await forge(await front.token({}));
    const reply = await front.ask({ path: '/v2/', token });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toBe(
      `Bearer realm="${front.warden.url}/token",service="${front.service}",error="invalid_token"`,
    );
    expect(reply.error?.code).toBe('UNAUTHORIZED');
  });

  it('asks for a wider token where policy would allow more than the token does', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull', from: BUILDER });
    const reply = await startUpload(front.place, 'team/app', { token, from: BUILDER });
    expect(reply.status).toBe(401);
    expect(reply.headers['www-authenticate']).toContain(`scope="${PUSH}",error="insufficient_scope"`);
  });

  it('refuses a user who may not push on the first write, and says who was seen', async () => {
    const token = await front.token({ user: 'bob', scope: PUSH, from: BUILDER });
    const reply = await startUpload(front.place, 'team/app', { token, from: BUILDER });
    expect(reply.status).toBe(403);
    expect(reply.error?.code).toBe('DENIED');
    expect(reply.error?.message).toContain(HINT);
    expect(reply.error?.message).toContain(
      `seen: bob from ${BUILDER} [jenkins-01], push team/app; needed: a member of ci; rule team-push`,
    );
    expect(reply.headers['www-authenticate']).toBeUndefined();
  });

  it('refuses the right user from another host, and names the address', async () => {
    const token = await front.token({ user: 'alice', scope: PUSH, from: ELSEWHERE });
    expect(claimsOf(token).access).toHaveLength(1);
    const reply = await startUpload(front.place, 'team/app', { token, from: ELSEWHERE });
    expect(reply.status).toBe(403);
    expect(reply.error?.message).toContain(`alice from ${ELSEWHERE}, push team/app`);
    const nobody = await front.token({ scope: PUSH, from: ELSEWHERE });
    expect((await startUpload(front.place, 'team/app', { token: nobody, from: ELSEWHERE })).status).toBe(403);
    // Refusals are grouped for a minute; a stop writes them at once.
    await front.warden.restart();
    const records = readLog(join(front.warden.folder, 'data')).filter(
      ({ type, peer }) => type === 'push.refused' && (peer as { ip?: string }).ip === ELSEWHERE,
    );
    const expected = { reason: 'POLICY_DENIED', subject: { repo: 'team/app' } };
    expect(records).toMatchObject([
      { ...expected, actor: { sub: 'alice', evidence: 'verified' } },
      { ...expected, actor: { sub: '', kind: 'anonymous', evidence: 'observed' } },
    ]);
  });

  it('tells one who never logged in how to', async () => {
    const token = await front.token({ scope: PUSH, from: BUILDER });
    const reply = await startUpload(front.place, 'team/app', { token, from: BUILDER });
    expect(reply.status).toBe(403);
    expect(reply.error?.message).toContain(`Run docker login ${front.service} first`);
    expect(reply.error?.message).toContain(`no login from ${BUILDER}`);
  });

  it('gives a reason that is one line of good JSON, whatever the rule says', async () => {
    const token = await front.token({ user: 'bob', scope: PUSH, from: BUILDER });
    const reply = await startUpload(front.place, 'team/app', { token, from: BUILDER });
    const message = reply.error?.message ?? '';
    expect(message).toContain('"please" – help');
    expect([...message].length).toBeLessThanOrEqual(300);
    expect(message).not.toMatch(/[\p{Cc}]/u);
    expect(Object.keys(JSON.parse(reply.text).errors[0])).toEqual(['code', 'message']);
  });

  it('lets a host read that may not push, so that the person gets to the sentence', async () => {
    const token = await front.token({ user: 'alice', scope: PUSH, from: ELSEWHERE });
    const path = `/v2/team/app/blobs/${blobOf('none').digest}`;
    expect((await front.ask({ method: 'HEAD', path, token, from: ELSEWHERE })).status).toBe(404);
    expect(
      (await front.ask({ method: 'HEAD', path: '/v2/team/app/manifests/1', token, from: ELSEWHERE })).status,
    ).toBe(404);
  });

  it('judges the address of each write, not the one that fetched the token', async () => {
    const token = await front.token({ user: 'alice', scope: PUSH, from: BUILDER });
    const status = async (from: string) =>
      (await startUpload(front.place, 'team/app', { token, from })).status;
    expect(await status(BUILDER)).toBe(202);
    expect(await status(ELSEWHERE)).toBe(403);
    expect(await status(OTHER_BUILDER)).toBe(202);
    const remote = await front.token({ user: 'alice', scope: PUSH, from: ELSEWHERE });
    expect((await startUpload(front.place, 'team/app', { token: remote, from: BUILDER })).status).toBe(202);
  });

  it('holds a token to the address that fetched it where the rule says so', async () => {
    const token = await front.token({
      user: 'alice',
      scope: 'repository:bound/app:pull,push',
      from: BUILDER,
    });
    const status = async (from: string) =>
      (await startUpload(front.place, 'bound/app', { token, from })).status;
    expect(await status(BUILDER)).toBe(202);
    expect(await status(OTHER_BUILDER)).toBe(403);
    const elsewhere = await front.token({
      user: 'alice',
      scope: 'repository:bound/app:pull,push',
      from: ELSEWHERE,
    });
    expect(
      (await startUpload(front.place, 'bound/app', { token: elsewhere, from: BUILDER })).status,
    ).not.toBe(202);
  });

  it('takes the address from the connection, whatever headers say', async () => {
    const token = await front.token({ user: 'alice', scope: PUSH, from: ELSEWHERE });
    for (const name of [
      'X-Forwarded-For',
      'X-Real-Ip',
      'Forwarded',
      'X_Forwarded_For',
      'Client-Ip',
      'True-Client-Ip',
    ]) {
      const value = name === 'Forwarded' ? `for=${BUILDER}` : BUILDER;
      const reply = await startUpload(front.place, 'team/app', {
        token,
        from: ELSEWHERE,
        headers: { [name]: value },
      });
      expect(reply.status).toBe(403);
      expect(reply.error?.message).toContain(`from ${ELSEWHERE}`);
    }
  });

  it('opens with a token no repository but its own', async () => {
    const since = await registryMoment(front.registry);
    const token = await front.token({ user: 'alice', scope: PUSH, from: BUILDER });
    const statusOf = async (path: string) => (await front.ask({ path, token, from: BUILDER })).status;
    expect(await statusOf('/v2/sec/tags/list')).toBe(403);
    expect(await statusOf('/v2/pub/tags/list')).toBe(401);
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => /\/v2\/(?:sec|pub)\//.test(line))).toEqual([]);
  });

  it('answers for a repository that may not be read the same whether or not it exists', async () => {
    const carol = await front.token({ user: 'carol', scope: 'repository:sec:pull,push' });
    expect((await pushImage(front.place, 'sec', 'here', smallImage(), { token: carol })).status).toBe(201);
    const token = await front.token({ scope: ['repository:sec:pull', 'repository:hidden:pull'] });
    const answers = await Promise.all(
      ['sec', 'hidden'].map(async (name) => {
        const { status, error } = await front.ask({ path: `/v2/${name}/tags/list`, token });
        return {
          status,
          code: error?.code,
          message: error?.message.replace(`pull ${name};`, 'pull X;').replace(/decision \w+/, ''),
        };
      }),
    );
    expect(answers[0]).toEqual(answers[1]);
  });

  it('refuses two Authorization headers, whichever of them is right', async () => {
    const token = await front.token({});
    for (const others of [
      ['garbage', token],
      [token, 'garbage'],
      [token, token],
    ]) {
      const lines = others.map((one) => `Authorization: Bearer ${one}`);
      const { replies } = await sendRaw(
        front.place,
        rawRequest('GET /v2/ HTTP/1.1', [`Host: ${front.service}`, ...lines, 'Connection: close']),
      );
      expect(replies.map(({ status }) => status)).toEqual([400]);
    }
  });

  it('takes a token of 17 kB, and answers 431 to one of 100 kB without hurting anyone else', async () => {
    const scope = Array.from(
      { length: 70 },
      (_, at) => `repository:team/${'long-name/'.repeat(14)}${at}:pull,push`,
    );
    const form = new URLSearchParams({ grant_type: 'password', service: front.service, username: 'alice' });
    form.set('password', front.passwords.alice);
    form.set('scope', scope.join(' '));
    const reply = await front.ask({
      method: 'POST',
      path: '/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    });
    const token = String(JSON.parse(reply.text).token);
    expect(token.length).toBeGreaterThan(17_000);
    expect((await front.ask({ path: '/v2/', token })).status).toBe(200);
    const { replies, closed } = await sendRaw(
      front.place,
      rawRequest('GET /v2/ HTTP/1.1', [
        `Host: ${front.service}`,
        `Authorization: Bearer ${'.'.repeat(100_000)}`,
      ]),
    );
    expect(replies.map(({ status }) => status)).toEqual([431]);
    expect(closed).toBe(true);
    expect((await front.ask({ path: '/v2/', token })).status).toBe(200);
  });
});

describeNeeding(['docker-registry'], 'two locks with two keys', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'erin'] });
  }, 60_000);
  afterAll(() => front?.stop());

  const direct = (token: string, path: string, method = 'GET') =>
    ask({ host: front.registry.host, port: front.registry.port }, { method, path, token });

  it('keeps a token of a client out of the registry', async () => {
    const token = await front.token({ user: 'alice', scope: PUSH, from: BUILDER });
    expect((await startUpload(front.place, 'team/app', { token, from: BUILDER })).status).toBe(202);
    for (const [method, path] of [
      ['GET', '/v2/'],
      ['GET', '/v2/team/app/tags/list'],
      ['POST', '/v2/team/app/blobs/uploads/'],
    ] as const) {
      expect((await direct(token, path, method)).status).toBe(401);
    }
  });

  it('keeps it out even with the claims that the registry wants', async () => {
    const good = await front.token({ user: 'alice', scope: PUSH, from: BUILDER });
    const { header, claims } = readParts(good);
    const key = readKey(join(front.warden.folder, 'keys', 'tokens.pem'));
    const token = signParts(
      { header, claims: { ...claims, aud: 'docker-registry', iss: 'registry-warden' } },
      key,
    );
    expect((await direct(token, '/v2/')).status).toBe(401);
  });

  it('takes the registry’s own kind of token for nothing at the gate', async () => {
    const key = readKey(join(front.warden.folder, 'keys', 'upstream.pem'));
    const { claims } = readParts(await front.token({ user: 'alice', scope: PUSH, from: BUILDER }));
    const { readFileSync } = await import('node:fs');
    // The key's own certificate stands behind it; the CA of it is all that the registry has.
    const pem = readFileSync(join(front.warden.folder, 'keys', 'upstream.pem'), 'utf8');
    const [, certificate = ''] = pem.split('-----BEGIN CERTIFICATE-----');
    const x5c = [certificate.replace(/-----[^-]+-----|\s/g, '')];
    const upstream = {
      iss: 'registry-warden',
      aud: 'docker-registry',
      sub: 'alice',
      exp: claims['exp'],
      nbf: claims['nbf'],
      iat: claims['iat'],
      jti: claims['jti'],
      access: claims['access'],
    };
    const token = signParts({ header: { typ: 'JWT', alg: 'ES256', x5c }, claims: upstream }, key);
    expect((await direct(token, '/v2/')).status).toBe(200);
    expect((await front.ask({ path: '/v2/', token })).status).toBe(401);
  });

  it('keeps a token of the API out of the gate, and one of the gate out of the API', async () => {
    const api = await front.token({ user: 'erin', service: `${front.service}/api` });
    const registry = await front.token({ user: 'erin' });
    const status = async (path: string, token: string) => (await front.ask({ path, token })).status;
    expect(await status('/api/v1/pushes', api)).toBe(200);
    expect(await status('/v2/', registry)).toBe(200);
    expect(await status('/api/v1/pushes', registry)).toBe(401);
    expect(await status('/v2/', api)).toBe(401);
    expect((await direct(api, '/v2/')).status).toBe(401);
  });

  it('gives a token for the API no rights to repositories', async () => {
    const token = await front.token({ user: 'alice', service: `${front.service}/api`, scope: PUSH });
    expect(claimsOf(token).access).toEqual([]);
  });

  it('takes a refresh token for no Bearer', async () => {
    const login = await front.askToken({ user: 'alice', more: { offline_token: 'true' } });
    const refresh = String(JSON.parse(login.text).refresh_token);
    for (const path of ['/v2/', '/v2/pub/tags/list', '/api/v1/pushes']) {
      expect((await front.ask({ path, token: refresh })).status).toBe(401);
    }
    expect(front.warden.log()).not.toContain(refresh);
  });

  it('stores nothing for whoever holds both tokens and swaps them', async () => {
    const mine = await front.token({ user: 'alice', scope: 'repository:pub:pull', from: BUILDER });
    const refused = await putBlob(front.place, 'pub', blobOf('x'), { token: mine, from: BUILDER });
    expect(refused.status).toBe(401);
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push', from: BUILDER });
    expect((await pushImage(front.place, 'pub', 'ok', smallImage(), { token, from: BUILDER })).status).toBe(
      201,
    );
  });
});
