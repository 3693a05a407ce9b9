import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ACCEPT_MANIFESTS } from '../../src/protocol/manifest.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import { digestOf, pushImage, putManifest, type SmallImage, smallImage } from './images.ts';
import { ask, type Reply, rawRequest, sendRaw } from './wire.ts';

const HEX = 'a'.repeat(64);

/** Every target is asked with a token that may pull `pub` and nothing of `sec`, which exists. */
describeNeeding(['docker-registry'], 'the reading of a request', () => {
  let front: Front;
  let token: string;
  let secret: SmallImage;
  let shown: SmallImage;

  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'carol'] });
    const alice = {
      token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }),
      from: BUILDER,
    };
    const carol = { token: await front.token({ user: 'carol', scope: 'repository:sec:pull,push' }) };
    secret = smallImage();
    shown = smallImage();
    expect((await pushImage(front.place, 'pub', 'l', shown, alice)).status).toBe(201);
    expect((await pushImage(front.place, 'sec', 'l', secret, carol)).status).toBe(201);
    token = await front.token({ scope: 'repository:pub:pull' });
    expect((await front.ask({ path: '/v2/pub/manifests/l', token })).status).toBe(200);
  }, 60_000);
  afterAll(() => front?.stop());

  /** One raw request on a connection of its own. */
  const send = async (line: string, headers: readonly string[] = []): Promise<Reply> => {
    const { replies } = await sendRaw(
      front.place,
      rawRequest(line, [
        `Host: ${front.service}`,
        `Authorization: Bearer ${token}`,
        `Accept: ${ACCEPT_MANIFESTS}`,
        ...headers,
        'Connection: close',
      ]),
    );
    expect(replies).toHaveLength(1);
    return replies[0] as Reply;
  };
  const neverReached = async (since: number, what: RegExp): Promise<void> => {
    expect((await registryRequests(front.registry, since)).filter((line) => what.test(line))).toEqual([]);
  };

  it.each([
    ['/v2/pub/../sec/manifests/l', 404],
    ['/v2/pub/%2e%2e/sec/manifests/l', 404],
    ['/v2/pub/%2E%2E/sec/manifests/l', 404],
    ['/v2/pub/..%2fsec/manifests/l', 404],
    ['/v2/pub%2F..%2Fsec/manifests/l', 404],
    ['/v2/pub/blobs/../../sec/manifests/l', 404],
    ['/v2/pub/./../sec/manifests/l', 404],
    ['/v2/pub/manifests/../../sec/manifests/l', 404],
    ['/../v2/sec/manifests/l', 404],
    ['/v2/pub%2Fx/manifests/l', 404],
    ['/v2/%70ub/manifests/l', 404],
    ['/v2/%73ec/manifests/l', 404],
    ['/v2%2Fsec/manifests/l', 404],
    ['/%76%32/sec/manifests/l', 404],
    ['/v2/%5fcatalog', 404],
    ['/v2/_catalog/', 404],
    ['/v2//_catalog', 404],
    ['/v2/pub/manifest%73/l', 404],
    ['/v2/pub/manifests/%6c', 404],
    ['/v2/pub%252Fx/manifests/l', 404],
    ['//v2/sec/manifests/l', 404],
    ['/v2//sec/manifests/l', 404],
    ['///v2/sec/manifests/l', 404],
    ['/v2/./sec/manifests/l', 404],
    ['/v2/sec//manifests/l', 404],
    ['//evil.example/v2/sec/manifests/l', 404],
    ['http://other/v2/sec/manifests/l', 400],
    ['https://other/v2/sec/manifests/l', 400],
    ['http:/v2/sec/manifests/l', 400],
    ['/v2/pub\\..\\sec/manifests/l', 404],
    ['/v2/pub/manifests\\l', 404],
    ['/v2/pub/manifests/l#x', 404],
    ['/v2/pub/manifests/l%23x', 404],
    ['/v2/pub/manifests/l%3Fx', 404],
    ['/v2/PUB/manifests/l', 404],
    ['/v2/Pub/x/manifests/l', 404],
    ['/v2/SEC/manifests/l', 404],
    ['/V2/pub/manifests/l', 404],
    ['/v2/host:5000/pub/manifests/l', 404],
    ['/v2/[::1]/pub/manifests/l', 404],
    ['/v2/a..b/manifests/l', 404],
    ['/v2/a___b/manifests/l', 404],
    ['/v2/-a/manifests/l', 404],
    ['/v2/a-/manifests/l', 404],
    ['/v2/pub;x/manifests/l', 404],
    ['/v2/pub/manifests/l;x=1', 404],
    ['/v2/pub+x/manifests/l', 404],
    ['/v2/pub%00/manifests/l', 404],
    ['/v2/pub%0a/manifests/l', 404],
    ['/v2/pub%0d%0aX:y/manifests/l', 404],
    ['/v2/pub%/manifests/l', 400],
    ['/v2/pub%zz/manifests/l', 400],
    ['/v2/pub/manifests/%', 400],
    ['/v2/pub/manifests/tag:x', 404],
    ['/v2/pub/manifests/sha256:abc', 404],
    [`/v2/pub/manifests/SHA256:${HEX}`, 404],
    [`/v2/pub/manifests/sha256:${HEX.toUpperCase()}`, 404],
    [`/v2/pub/blobs/sha256:${HEX.toUpperCase()}`, 404],
    [`/v2/pub/blobs/sha512:${HEX}`, 404],
    ['/v2/pub/blobs/latest', 404],
    ['/v2/pub/manifests/.x', 404],
    ['/v2/pub/manifests/-x', 404],
    [`/v2/pub/manifests/${'t'.repeat(129)}`, 404],
    [`/v2/${'n'.repeat(256)}/manifests/l`, 404],
    ['/v2/pub/manifests/l/', 404],
    ['/v2/pub/manifests/', 404],
    ['/v2/pub/tags/list/', 404],
    ['/v2/manifests/l', 404],
    ['/v2/blobs/uploads/', 404],
    ['/v2/pub', 404],
    ['/v2/pub/', 404],
    ['/metrics', 404],
    ['/debug/vars', 404],
    ['/debug/pprof/', 404],
    ['/healthz', 404],
    ['/readyz', 404],
    ['/v1/_ping', 404],
    ['/v1/search', 404],
    ['/v2/_ping', 404],
    ['/v2/pub/_trust/tuf/root.json', 404],
    ['/x/v2/pub/manifests/l', 404],
    ['/', 404],
    ['/token/', 404],
    ['/token%2F', 404],
    ['//token', 404],
    ['/api/v1/', 404],
    ['/api/v1/pushes/', 404],
    ['/api/v2/pushes', 404],
    ['*', 400],
    ['pub', 400],
  ])('answers %s with %i, and the registry hears nothing', async (target, status) => {
    const since = await registryMoment(front.registry);
    const reply = await send(`GET ${target} HTTP/1.1`);
    expect({ status: reply.status, location: reply.headers['location'] }).toEqual({ status });
    expect(reply.bytes.includes(secret.digest)).toBe(false);
    await neverReached(since, /./);
  });

  it.each([
    ['a NUL', '/v2/pub\0x/manifests/l'],
    ['a tab', '/v2/pub\tx/manifests/l'],
    ['a CR', '/v2/pub\rx/manifests/l'],
    ['a LF', '/v2/pub\nx/manifests/l'],
    ['a blank', '/v2/pub x/manifests/l'],
    ['a letter beyond ASCII', '/v2/püb/manifests/l'],
    ['a DEL', '/v2/pub\x7f/manifests/l'],
  ])('refuses %s in a name', async (_what, target) => {
    const since = await registryMoment(front.registry);
    const { replies } = await sendRaw(
      front.place,
      rawRequest(`GET ${target} HTTP/1.1`, [
        `Host: ${front.service}`,
        `Authorization: Bearer ${token}`,
        'Connection: close',
      ]),
    );
    expect(replies.map(({ status }) => [400, 404].includes(status))).toEqual([true]);
    await neverReached(since, /./);
  });

  it('takes a digest with an encoded colon for that digest, and judges it as such', async () => {
    const of = (repository: string, image: SmallImage) =>
      send(`GET /v2/${repository}/blobs/${image.layer.digest.replace(':', '%3A')} HTTP/1.1`);
    const allowed = await of('pub', shown);
    expect(allowed.status).toBe(200);
    expect(digestOf(allowed.bytes)).toBe(shown.layer.digest);
    expect((await of('sec', secret)).status).toBe(403);
    // A blob of another repository is not read through one that is open.
    expect((await of('pub', secret)).status).toBe(404);
  });

  it.each([
    ['/v2/pub/manifests/x/manifests/l', 'pub/manifests/x'],
    ['/v2/sec/tags/list/tags/list', 'sec/tags/list'],
    ['/v2/sec/blobs/uploads/manifests/l', 'sec/blobs/uploads'],
    ['/v2/pub/blobs/uploads/tags/list', 'pub/blobs/uploads'],
    [`/v2/manifests/blobs/sha256:${HEX}`, 'manifests'],
    ['/v2/a/_catalog/tags/list', undefined],
    ['/v2/uploads/tags/list', 'uploads'],
  ])('reads %s as the repository %s', async (target, repository) => {
    const { replies } = await sendRaw(
      front.place,
      rawRequest(`GET ${target} HTTP/1.1`, [`Host: ${front.service}`, 'Connection: close']),
    );
    const challenge = replies[0]?.headers['www-authenticate'];
    if (repository === undefined) expect(replies[0]?.status).toBe(404);
    else expect(challenge).toContain(`scope="repository:${repository}:pull"`);
  });

  it('asks the registry for the repository that it judged', async () => {
    const since = await registryMoment(front.registry);
    const wide = await front.token({
      scope: 'repository:sec/tags/list:pull repository:pub/manifests/x:pull',
    });
    expect((await front.ask({ path: '/v2/sec/tags/list/tags/list', token: wide })).status).toBe(404);
    expect((await front.ask({ path: '/v2/pub/manifests/x/manifests/l', token: wide })).status).toBe(404);
    const requests = await registryRequests(front.registry, since);
    expect(requests.map((line) => / "(\w+ [^ ?]+)/.exec(line)?.[1])).toEqual([
      'GET /v2/sec/tags/list/tags/list',
      'GET /v2/pub/manifests/x/manifests/l',
    ]);
    expect((await front.ask({ path: '/v2/pub/manifests/x/manifests/l', token })).status).toBe(401);
  });

  it('writes nothing to a reference that is none, nor to another spelling of one', async () => {
    const alice = {
      token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }),
      from: BUILDER,
    };
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', image.digest, image, alice)).status).toBe(201);
    const since = await registryMoment(front.registry);
    for (const target of [
      ...[
        'tag:x',
        'sha256:abc',
        `SHA256:${HEX}`,
        `sha256:${HEX.toUpperCase()}`,
        '%6c',
        'l%2F',
        'x/../l',
        '.x',
        'l/',
      ].map((reference) => `pub/manifests/${reference}`),
      ...[
        '%70ub/manifests/l',
        'pub%2Fx/manifests/l',
        'pub//manifests/l',
        'pub/./manifests/l',
        '../v2/pub/manifests/l',
      ],
    ]) {
      const { replies } = await sendRaw(
        front.place,
        rawRequest(`PUT /v2/${target} HTTP/1.1`, [
          `Host: ${front.service}`,
          `Authorization: Bearer ${alice.token}`,
          `Content-Type: ${image.mediaType}`,
          `Content-Length: ${image.bytes.length}`,
          'Connection: close',
        ]) + image.bytes.toString(),
        { from: BUILDER },
      );
      expect([target, replies.map(({ status }) => [400, 404].includes(status))]).toEqual([target, [true]]);
    }
    await neverReached(since, /PUT/);
  });

  it('has room for a name of 255 characters and a tag of 128', async () => {
    const name = `pub/${'n'.repeat(251)}`;
    const wide = await front.token({ scope: `repository:${name}:pull` });
    const path = `/v2/${name}/manifests/${'t'.repeat(128)}`;
    const reply = await front.ask({ path, token: wide });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({
      status: 404,
      code: 'MANIFEST_UNKNOWN',
    });
  });

  it('sends /v2 to /v2/ and knows no other redirection', async () => {
    const base = await send('GET /v2 HTTP/1.1');
    expect({ status: base.status, location: base.headers['location'] }).toEqual({
      status: 301,
      location: '/v2/',
    });
    const post = await send('POST /v2/pub/blobs/uploads HTTP/1.1', ['Content-Length: 0']);
    expect({ status: post.status, location: post.headers['location'] }).toEqual({ status: 404 });
    expect((await send('POST /v2 HTTP/1.1', ['Content-Length: 0'])).status).toBe(404);
  });

  it.each(['OPTIONS', 'TRACE', 'PROPFIND', 'LOCK', 'POST'])('does not offer %s', async (method) => {
    const since = await registryMoment(front.registry);
    for (const target of ['/v2/', '/v2/pub/manifests/l', '/v2/sec/manifests/l']) {
      const reply = await send(
        `${method} ${target} HTTP/1.1`,
        method === 'POST' ? ['Content-Length: 0'] : [],
      );
      expect(reply.status).toBe(405);
      expect(reply.headers['allow']).toContain('GET');
      expect(reply.error?.code).toBe('UNSUPPORTED');
    }
    await neverReached(since, /./);
  });

  it.each([
    ['HEAD', '/v2/pub/tags/list'],
    ['PATCH', '/v2/pub/manifests/l'],
    ['PUT', `/v2/pub/blobs/sha256:${HEX}`],
    ['PUT', '/v2/pub/blobs/uploads/'],
    ['DELETE', '/v2/pub/tags/list'],
    ['PUT', '/v2/_catalog'],
  ])('answers %s %s with 405 and what is offered', async (method, target) => {
    const reply = await ask(front.place, { method, path: target, token });
    expect(reply.status).toBe(405);
    expect(reply.headers['allow']).toMatch(/^[A-Z]+(?:, [A-Z]+)*$/);
  });

  it('opens no tunnel, and reads methods as they are written', async () => {
    const since = await registryMoment(front.registry);
    const tunnel = await send(`CONNECT ${front.registry.address} HTTP/1.1`);
    expect(tunnel.status).toBe(405);
    for (const line of [
      'get /v2/pub/manifests/l HTTP/1.1',
      'GeT /v2/pub/manifests/l HTTP/1.1',
      'XYZZY /v2/ HTTP/1.1',
    ]) {
      expect((await send(line)).status).toBe(400);
    }
    const upgrade = await send('GET /v2/pub/manifests/l HTTP/1.1', ['Upgrade: websocket']);
    expect(upgrade.status).toBeLessThan(500);
    expect(upgrade.status).not.toBe(101);
    await neverReached(since, /sec|CONNECT/);
  });

  it.each([
    'X-HTTP-Method-Override: DELETE',
    'X-HTTP-Method: DELETE',
    'X-Method-Override: DELETE',
    'X-Original-URL: /v2/sec/manifests/l',
    'X-Rewrite-URL: /v2/sec/manifests/l',
    'X-Original-Uri: /v2/sec/manifests/l',
    'X-Accel-Redirect: /v2/sec/manifests/l',
  ])('does not heed %s', async (header) => {
    const since = await registryMoment(front.registry);
    const reply = await send('GET /v2/pub/manifests/l HTTP/1.1', [header]);
    expect(reply.status).toBe(200);
    expect(digestOf(reply.bytes)).toBe(shown.digest);
    await neverReached(since, /DELETE|sec/);
  });

  it.each([
    ['/v2/pub/manifests/l?_method=DELETE', 200],
    ['/v2/pub/manifests/l?ns=evil.example', 200],
    ['/v2/pub/manifests/l?', 200],
    ['/v2/pub/manifests/l?x=%zz', 200],
    ['/v2/pub/tags/list?n=5&n=6', 400],
    ['/v2/pub/tags/list?n=x', 400],
    ['/v2/pub/tags/list?last=../../sec', 200],
  ])('drops of %s what it does not know', async (target, status) => {
    const since = await registryMoment(front.registry);
    expect((await send(`GET ${target} HTTP/1.1`)).status).toBe(status);
    await neverReached(since, /_method|ns=|x=|DELETE/);
  });

  it('answers long addresses with 414 or 431', async () => {
    const since = await registryMoment(front.registry);
    for (const [length, statuses] of [
      [9_000, [414]],
      [70_000, [414, 431]],
    ] as const) {
      for (const part of ['a', 'a/', '-', '%61']) {
        const target = `/v2/${part.repeat(length / part.length)}/manifests/l`;
        const { replies } = await sendRaw(
          front.place,
          rawRequest(`GET ${target} HTTP/1.1`, [`Host: ${front.service}`, `Authorization: Bearer ${token}`]),
        );
        expect(statuses).toContain(replies[0]?.status);
      }
    }
    await neverReached(since, /./);
  });

  it('does not show another repository to ?from= on a blob', async () => {
    const since = await registryMoment(front.registry);
    const reply = await send(`GET /v2/pub/blobs/${secret.layer.digest}?from=sec HTTP/1.1`);
    expect(reply.status).toBe(404);
    await neverReached(since, /from=/);
  });

  it('writes no tag that stands in the query of a push by digest', async () => {
    const alice = {
      token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }),
      from: BUILDER,
    };
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', image.digest, image, alice)).status).toBe(201);
    const reply = await putManifest(front.place, 'pub', `${image.digest}?tag=prod&tag=l`, image, alice);
    expect(reply.status).toBe(201);
    expect((await front.ask({ path: '/v2/pub/manifests/prod', token })).status).toBe(404);
    expect((await front.ask({ path: '/v2/pub/manifests/l', token })).headers['docker-content-digest']).toBe(
      shown.digest,
    );
  });

  it('answers requests without Host, and of HTTP/1.0, as far as they can be read', async () => {
    const none = await sendRaw(front.place, rawRequest('GET /v2/ HTTP/1.1', ['Connection: close']));
    expect(none.replies.map(({ status }) => status)).toEqual([400]);
    const old = await sendRaw(
      front.place,
      rawRequest('GET /v2/pub/manifests/l HTTP/1.0', [
        `Authorization: Bearer ${token}`,
        `Accept: ${ACCEPT_MANIFESTS}`,
      ]),
    );
    expect(old.replies.map(({ status, whole }) => ({ status, whole }))).toEqual([
      { status: 200, whole: true },
    ]);
    expect(digestOf((old.replies[0] as Reply).bytes)).toBe(shown.digest);
    expect(old.closed).toBe(true);
  });
});
