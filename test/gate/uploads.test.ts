import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { eventually } from './eventually.ts';
import {
  BUILDER,
  ELSEWHERE,
  type Front,
  OTHER_BUILDER,
  POLICY,
  registryMoment,
  registryRequests,
  startFront,
} from './front.ts';
import { blobOf, digestOf, pushImage, putBlob, smallImage, startUpload, type With } from './images.ts';
import { insertTap, type Tap } from './tap.ts';
import { openLine, type Reply, rawRequest, sendRaw } from './wire.ts';

describeNeeding(['docker-registry'], 'an upload', () => {
  let front: Front;
  let tap: Tap;
  let alice: With;
  let elsewhere: With;

  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'frank'] });
    tap = await insertTap(front);
    const scope = ['repository:pub:pull,push', 'repository:team/app:pull,push'];
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
    elsewhere = { token: await front.token({ user: 'alice', scope }), from: ELSEWHERE };
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await tap?.stop();
  });

  const locationOf = (reply: Reply): string => {
    const location = String(reply.headers['location']);
    expect(location).toMatch(
      /^\/v2\/[a-z/]+\/blobs\/uploads\/[0-9a-f-]+\?_state=[A-Za-z0-9_%=-]+&_warden=[A-Za-z0-9_.%=-]+$/,
    );
    return location;
  };
  const begin = async (options: With = alice, repository = 'pub'): Promise<string> =>
    locationOf(await startUpload(front.place, repository, options));
  const head = (line: string, headers: readonly string[], token = alice.token) =>
    rawRequest(line, [`Host: ${front.service}`, `Authorization: Bearer ${token}`, ...headers]);

  it('goes in pieces from location to location, each of them a path', async () => {
    const content = randomBytes(3000);
    let location = await begin();
    let sent = 0;
    for (const size of [1000, 2000]) {
      const reply = await front.ask({
        ...alice,
        method: 'PATCH',
        path: location,
        headers: { 'content-type': 'application/octet-stream' },
        body: content.subarray(sent, sent + size),
      });
      sent += size;
      expect(reply.status).toBe(202);
      expect(reply.headers['range']).toBe(`0-${sent - 1}`);
      expect(reply.headers['docker-upload-uuid']).toMatch(/^[0-9a-f-]{36}$/);
      location = locationOf(reply);
    }
    const status = await front.ask({ ...alice, path: location });
    expect(status.status).toBe(204);
    expect(status.headers['range']).toBe(`0-${sent - 1}`);
    expect(status.headers['docker-upload-uuid']).toMatch(/^[0-9a-f-]{36}$/);
    const digest = digestOf(content);
    const done = await front.ask({ ...alice, method: 'PUT', path: `${locationOf(status)}&digest=${digest}` });
    expect(done.status).toBe(201);
    expect(done.headers['location']).toBe(`/v2/pub/blobs/${digest}`);
    expect(done.headers['docker-content-digest']).toBe(digest);
    const back = await front.ask({ ...alice, path: `/v2/pub/blobs/${digest}` });
    expect(digestOf(back.bytes)).toBe(digest);
  });

  it('shows no address but paths, whatever the client calls the host', async () => {
    for (const headers of [
      { Host: 'evil.example' },
      { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https' },
      { Forwarded: 'host=evil.example;proto=https' },
    ]) {
      const options = { ...alice, headers };
      const start = await startUpload(front.place, 'pub', options);
      const patch = await front.ask({ ...options, method: 'PATCH', path: locationOf(start), body: 'abc' });
      const put = await front.ask({
        ...options,
        method: 'PUT',
        path: `${locationOf(patch)}&digest=${blobOf('abc').digest}`,
      });
      const manifest = await pushImage(front.place, 'pub', 'l', smallImage(), options);
      const replies = [start, patch, put, manifest];
      expect(replies.map(({ status }) => status)).toEqual([202, 202, 201, 201]);
      for (const reply of replies) {
        expect(reply.headers['location']).toMatch(/^\/v2\/pub\//);
        const all = JSON.stringify(reply.headers) + reply.text;
        expect(all).not.toContain(`:${tap.port}`);
        expect(all).not.toContain(`:${front.registry.port}`);
        expect(all).not.toContain('evil');
      }
    }
  });

  it('keeps the state of the registry byte for byte', async () => {
    const location = await begin();
    tap.clear();
    expect((await front.ask({ ...alice, path: location })).status).toBe(204);
    const [line = ''] = tap.heads();
    const stateOf = (text: string) => decodeURIComponent(/_state=([^& ]+)/.exec(text)?.[1] ?? '');
    expect(stateOf(line)).toBe(stateOf(location));
    expect(stateOf(line).length).toBeGreaterThan(100);
  });

  it('belongs to its repository', async () => {
    const location = await begin();
    const elsewhereInRegistry = location.replace('/v2/pub/', '/v2/team/app/');
    const other = await front.ask({ ...alice, method: 'PATCH', path: elsewhereInRegistry, body: 'abc' });
    expect(other.status).toBe(404);
    const closed = await front.ask({
      ...alice,
      method: 'PATCH',
      path: location.replace('/v2/pub/', '/v2/sec/'),
      body: 'abc',
    });
    expect(closed.status).toBe(403);
  });

  it('cannot be gone on with, looked at, ended or cancelled by one who may not push', async () => {
    const location = await begin();
    const scope = 'repository:pub:pull,push';
    const others: With[] = [
      elsewhere,
      { token: await front.token({ user: 'bob', scope }), from: BUILDER },
      { token: await front.token({ scope }), from: BUILDER },
    ];
    for (const other of others) {
      for (const method of ['GET', 'PATCH', 'PUT', 'DELETE']) {
        const body = method === 'PATCH' || method === 'PUT' ? 'abc' : undefined;
        const path = method === 'PUT' ? `${location}&digest=${blobOf('abc').digest}` : location;
        const reply = await front.ask({ ...other, method, path, ...(body && { body }) });
        expect({ method, status: reply.status }).toEqual({ method, status: 403 });
      }
    }
    expect((await front.ask({ ...alice, path: location })).headers['range']).toBe('0-0');
  });

  it('belongs to the user who began it, although another may push to the repository too', async () => {
    const frank: With = {
      token: await front.token({ user: 'frank', scope: 'repository:pub:pull,push' }),
      from: BUILDER,
    };
    const own = await begin(frank);
    const location = await begin();
    const since = await registryMoment(front.registry);
    const seal = (text: string) => String(/_warden=([^&]+)/.exec(text)?.[1]);
    const paths = [
      location,
      location.replace(/&_warden=.*/, ''),
      location.replace(seal(location), seal(own)),
      location.replace(seal(location), `${seal(location)}x`),
      location.replace(seal(location), 'x'),
      `${location}&_warden=${seal(own)}`,
    ];
    for (const path of paths) {
      for (const method of ['GET', 'PATCH', 'DELETE']) {
        const reply = await front.ask({ ...frank, method, path, ...(method === 'PATCH' && { body: 'abc' }) });
        expect([400, 404]).toContain(reply.status);
        expect(reply.error).toBeDefined();
      }
    }
    expect(
      (await registryRequests(front.registry, since)).filter((line) => line.includes('/uploads/')),
    ).toEqual([]);
    expect((await front.ask({ ...alice, method: 'PATCH', path: location, body: 'abc' })).status).toBe(202);
  });

  it('outlives a restart', async () => {
    const location = await begin();
    await front.warden.restart();
    expect((await front.ask({ ...alice, method: 'PATCH', path: location, body: 'abc' })).status).toBe(202);
  });

  it('is cancelled by its owner', async () => {
    const location = await begin();
    expect((await front.ask({ ...alice, method: 'DELETE', path: location })).status).toBe(204);
    expect((await front.ask({ ...alice, path: location })).status).toBe(404);
  });

  it('goes on from another host that may push', async () => {
    const location = await begin();
    const reply = await front.ask({
      ...alice,
      from: OTHER_BUILDER,
      method: 'PATCH',
      path: location,
      body: 'abc',
    });
    expect(reply.status).toBe(202);
  });

  it('is refused before its body is asked for', async () => {
    const location = await begin();
    for (const method of ['PUT', 'PATCH']) {
      const line = openLine(front.place, ELSEWHERE);
      line.write(
        head(
          `${method} ${location} HTTP/1.1`,
          ['Content-Length: 1000000', 'Expect: 100-continue', 'Connection: close'],
          elsewhere.token,
        ),
      );
      await line.closed;
      expect(line.text().match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 403']);
      expect(line.text()).toContain('"code":"DENIED"');
    }
  });

  it('is asked for with 100 where it is allowed', async () => {
    const content = blobOf(randomBytes(100));
    const line = openLine(front.place, BUILDER);
    line.write(
      head(`PUT ${await begin()}&digest=${content.digest} HTTP/1.1`, [
        'Content-Length: 100',
        'Expect: 100-continue',
        'Connection: close',
      ]),
    );
    await line.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    line.write(content.bytes);
    await line.closed;
    expect(line.text().match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 100', 'HTTP/1.1 201']);
  });

  it('knows no other expectation', async () => {
    const { replies } = await sendRaw(
      front.place,
      head('PUT /v2/pub/manifests/x HTTP/1.1', ['Content-Length: 0', 'Expect: 200-ok', 'Connection: close']),
    );
    expect(replies.map(({ status }) => status)).toEqual([417]);
  });

  it('of 30 MB is refused so that the reason can be read', async () => {
    const location = await begin();
    const reply = await front.ask({
      ...elsewhere,
      method: 'PATCH',
      path: location,
      body: Buffer.alloc(30 * 1024 * 1024),
    });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 403, code: 'DENIED' });
  });

  it('releases the registry when the client goes away, and stores nothing', async () => {
    const location = await begin();
    tap.clear();
    const line = openLine(front.place, BUILDER);
    line.write(head(`PATCH ${location} HTTP/1.1`, ['Content-Length: 50000000']));
    line.write(Buffer.alloc(100_000));
    const underWay = () =>
      tap.sent().filter((text) => text.startsWith('PATCH') && text.length > 100_000).length;
    await eventually(underWay, (count) => count === 1);
    const open = tap.open();
    line.socket.resetAndDestroy();
    await eventually(tap.open, (now) => now < open);
    const logged = await eventually(
      () => front.warden.logLines().filter(({ route, cut }) => route === 'upload' && cut === true),
      (lines) => lines.length > 0,
    );
    expect(logged).toHaveLength(1);
    // Nobody is woken for a client that went away.
    expect(front.warden.logLines().filter(({ level }) => level === 'error')).toEqual([]);
    const status = await front.ask({ ...alice, path: location });
    expect([204, 404]).toContain(status.status);
  });

  it('stores nothing of a body that is cut, although what came has the digest it was to have', async () => {
    const content = blobOf(randomBytes(5000));
    const hex = content.bytes.length.toString(16);
    for (const [framing, body] of [
      ['Content-Length: 5001', content.bytes],
      [
        'Transfer-Encoding: chunked',
        Buffer.concat([Buffer.from(`${hex}\r\n`), content.bytes, Buffer.from('\r\n')]),
      ],
    ] as const) {
      for (const leave of ['end', 'reset'] as const) {
        const path = `${await begin()}&digest=${content.digest}`;
        tap.clear();
        const line = openLine(front.place, BUILDER);
        line.write(head(`PUT ${path} HTTP/1.1`, [framing]));
        line.write(body);
        await eventually(
          () => tap.sent().some((text) => text.startsWith('PUT') && text.length > 5000),
          (so) => so,
        );
        const open = tap.open();
        if (leave === 'end') line.socket.end();
        else line.socket.resetAndDestroy();
        await line.closed;
        expect(line.text()).not.toMatch(/ 201 /);
        await eventually(tap.open, (now) => now < open);
        const found = await front.ask({ ...alice, method: 'HEAD', path: `/v2/pub/blobs/${content.digest}` });
        expect([framing, leave, found.status]).toEqual([framing, leave, 404]);
      }
    }
  });

  it('of a stalled client that is cut short leaves nobody waiting', async () => {
    const line = openLine(front.place, BUILDER);
    line.write(
      head('PUT /v2/pub/manifests/cut HTTP/1.1', [
        'Content-Length: 500',
        'Content-Type: application/vnd.oci.image.manifest.v1+json',
      ]),
    );
    line.write('{"schemaVersion":2');
    line.socket.end();
    await line.closed;
    expect((await front.ask({ ...alice, path: '/v2/pub/manifests/cut' })).status).toBe(404);
  });

  it('of a compressed layer comes back byte by byte, in whichever coding it is asked for', async () => {
    const layer = blobOf(gzipSync(Buffer.alloc(10_000, 'layer')));
    expect((await putBlob(front.place, 'pub', layer, alice)).status).toBe(201);
    for (const coding of ['gzip', 'zstd', 'identity', '*']) {
      tap.clear();
      const reply = await front.ask({
        ...alice,
        path: `/v2/pub/blobs/${layer.digest}`,
        headers: { 'accept-encoding': coding },
      });
      expect(digestOf(reply.bytes)).toBe(layer.digest);
      expect(reply.headers['content-encoding']).toBeUndefined();
      expect(reply.headers['content-length']).toBe(String(layer.bytes.length));
      expect(tap.heads()[0]?.toLowerCase()).toContain(`accept-encoding: ${coding}`);
    }
  });

  it('of a blob can be read in part', async () => {
    const blob = blobOf('0123456789abcdef');
    expect((await putBlob(front.place, 'pub', blob, alice)).status).toBe(201);
    for (const [range, text, place] of [
      ['bytes=5-9', '56789', '5-9'],
      ['bytes=-5', 'bcdef', '11-15'],
      ['bytes=5-', '56789abcdef', '5-15'],
    ] as const) {
      const reply = await front.ask({ ...alice, path: `/v2/pub/blobs/${blob.digest}`, headers: { range } });
      expect({ status: reply.status, text: reply.text, range: reply.headers['content-range'] }).toEqual({
        status: 206,
        text,
        range: `bytes ${place}/16`,
      });
    }
  });

  it('of a blob that is asked for beyond its end ends, although the registry announces more than it sends', async () => {
    const blob = blobOf(randomBytes(5000));
    expect((await putBlob(front.place, 'pub', blob, alice)).status).toBe(201);
    const line = openLine(front.place, BUILDER);
    line.write(
      head(`GET /v2/pub/blobs/${blob.digest} HTTP/1.1`, ['Range: bytes=99999-', 'Connection: close']),
    );
    await line.closed;
    expect(line.text()).toMatch(/^HTTP\/1\.1 416 /);
  });

  it('is described by HEAD as GET describes it', async () => {
    const image = smallImage();
    const pushed = await pushImage(front.place, 'pub', 'described', image, alice);
    expect(pushed.status).toBe(201);
    for (const [path, { digest, bytes }] of [
      ['/v2/pub/manifests/described', image],
      [`/v2/pub/manifests/${image.digest}`, image],
      [`/v2/pub/blobs/${image.layer.digest}`, image.layer],
    ] as const) {
      const shownBy = async (method: string) => {
        const { status, headers } = await front.ask({ ...alice, method, path });
        return {
          status,
          length: headers['content-length'],
          type: headers['content-type'],
          tag: headers['etag'],
          digest: headers['docker-content-digest'],
          version: headers['docker-distribution-api-version'],
        };
      };
      const get = await shownBy('GET');
      expect(get).toMatchObject({
        status: 200,
        length: String(bytes.length),
        digest,
        tag: `"${digest}"`,
        version: 'registry/2.0',
      });
      expect(await shownBy('HEAD')).toEqual(get);
    }
    const same = await front.ask({
      ...alice,
      path: '/v2/pub/manifests/described',
      headers: { 'if-none-match': `"${image.digest}"` },
    });
    expect({ status: same.status, bytes: same.bytes.length, whole: same.whole }).toEqual({
      status: 304,
      bytes: 0,
      whole: true,
    });
  });

  it('that began before a change of policy is refused afterwards', async () => {
    const location = await begin();
    writeFileSync(
      `${front.warden.folder}/policy.yaml`,
      POLICY.replace('allow: [push]\n    repositories: [pub,', 'allow: [push]\n    repositories: ['),
    );
    front.warden.signal('SIGHUP');
    const patch = () => front.ask({ ...alice, method: 'PATCH', path: location, body: 'abc' });
    const refused = await eventually(patch, ({ status }) => status === 403);
    expect(refused.error?.code).toBe('DENIED');
    const put = await front.ask({
      ...alice,
      method: 'PUT',
      path: `${location}&digest=${blobOf('abc').digest}`,
    });
    expect(put.status).toBe(403);
    writeFileSync(`${front.warden.folder}/policy.yaml`, POLICY);
    front.warden.signal('SIGHUP');
    await eventually(
      async () => (await startUpload(front.place, 'pub', alice)).status,
      (status) => status === 202,
    );
  });

  it('and 200 pulls at once all get what they asked for', async () => {
    const images = Array.from({ length: 10 }, () => smallImage({ layerBytes: 20_000 }));
    const pushed = await Promise.all(
      images.map((image, at) => pushImage(front.place, 'pub', `parallel-${at}`, image, alice)),
    );
    expect(pushed.map(({ status }) => status)).toEqual(images.map(() => 201));
    const more = [...images, ...images].map((_, at) =>
      pushImage(front.place, 'team/app', `while-${at}`, smallImage(), alice),
    );
    const pulled = await Promise.all(
      Array.from({ length: 200 }, async (_, at) => {
        const image = images[at % images.length] as (typeof images)[number];
        const wanted = [
          { path: `/v2/pub/manifests/parallel-${at % images.length}`, digest: image.digest },
          { path: `/v2/pub/blobs/${image.layer.digest}`, digest: image.layer.digest },
          { path: `/v2/pub/blobs/${image.config.digest}`, digest: image.config.digest },
        ][at % 3] as { path: string; digest: string };
        const reply = await front.ask({ ...alice, path: wanted.path });
        return reply.status === 200 && digestOf(reply.bytes) === wanted.digest;
      }),
    );
    expect(pulled.filter((right) => !right)).toEqual([]);
    expect((await Promise.all(more)).map(({ status }) => status)).toEqual(more.map(() => 201));
    await eventually(tap.open, (open) => open <= 64);
  });

  it('and its refusals leave a connection usable, or end it', async () => {
    const line = openLine(front.place, BUILDER);
    const request = head('GET /v2/pub/tags/list HTTP/1.1', []);
    line.write(request);
    await line.until(/"tags":\[[^\]]*\]\}\s*$/);
    line.write(head('GET /v2/sec/tags/list HTTP/1.1', []));
    await line.until(/"DENIED"/);
    line.write(head('GET /v2/pub/tags/list HTTP/1.1', ['Connection: close']));
    await line.closed;
    expect(line.text().match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
    expect(line.text()).toMatch(/Keep-Alive: timeout=75/);
  });

  it('that nobody let in reaches the registry in no part', async () => {
    const since = await registryMoment(front.registry);
    await startUpload(front.place, 'pub', elsewhere);
    await startUpload(front.place, 'sec', alice);
    expect((await registryRequests(front.registry, since)).filter((line) => line.includes('POST'))).toEqual(
      [],
    );
  });
});
