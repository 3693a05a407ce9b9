import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openIntents, readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { makeTemp } from '../support/temp.ts';
import { changeSettings } from '../support/warden.ts';
import { eventually } from './eventually.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import {
  blobOf,
  digestOf,
  pushImage,
  putBlob,
  putManifest,
  smallImage,
  startUpload,
  type With,
} from './images.ts';
import { insertTap } from './tap.ts';
import { openLine, type Reply, rawRequest, sendRaw } from './wire.ts';

const LARGE = 48 * 1024 * 1024;

describeNeeding(['docker-registry', 'openssl'], 'when the registry fails', () => {
  let front: Front;
  let alice: With;
  let large: { digest: string; bytes: Buffer };

  beforeAll(async () => {
    front = await startFront({ users: ['alice'], settings: { record: { settleSeconds: 1 } } });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    large = blobOf(randomBytes(LARGE));
    expect((await putBlob(front.place, 'pub', large, alice)).status).toBe(201);
    expect((await pushImage(front.place, 'pub', 'l', smallImage(), alice)).status).toBe(201);
  }, 60_000);
  afterAll(() => front?.stop());

  const head = (line: string, headers: readonly string[]) =>
    rawRequest(line, [`Host: ${front.service}`, `Authorization: Bearer ${alice.token}`, ...headers]);
  const ready = (path = '/readyz') => front.operations(path).then(({ status }) => status);

  it('the answer is 503 in the registry’s form, and logins go on', async () => {
    await front.registry.kill();
    for (const [method, path] of [
      ['GET', '/v2/pub/manifests/l'],
      ['HEAD', '/v2/pub/manifests/l'],
      ['GET', '/v2/pub/tags/list'],
      ['POST', '/v2/pub/blobs/uploads/'],
    ] as const) {
      const reply = await front.ask({ ...alice, method, path });
      expect(reply.status).toBe(503);
      expect(reply.headers).toMatchObject({
        'retry-after': '5',
        'docker-distribution-api-version': 'registry/2.0',
      });
      expect(reply.error).toEqual(
        method === 'HEAD' ? undefined : { code: 'UNAVAILABLE', message: 'the registry does not answer' },
      );
      expect(JSON.stringify(reply.headers) + reply.text).not.toContain(String(front.registry.port));
    }
    expect((await front.askToken({ user: 'alice', scope: 'repository:pub:pull' })).status).toBe(200);
    expect((await front.ask({ path: '/v2/', token: alice.token as string })).status).toBe(200);
    await eventually(ready, (status) => status === 503);
    await front.registry.restart();
    await eventually(ready, (status) => status === 200);
    expect((await front.ask({ ...alice, path: '/v2/pub/tags/list' })).status).toBe(200);
  });

  it('in the middle of a blob, the client sees a cut and never a whole', async () => {
    const line = openLine(front.place, BUILDER);
    line.write(head(`GET /v2/pub/blobs/${large.digest} HTTP/1.1`, ['Connection: close']));
    await line.until(/\r\n\r\n/);
    line.socket.pause();
    await front.registry.kill();
    line.socket.resume();
    await line.closed;
    const [, length = '0'] = /content-length: (\d+)/i.exec(line.text()) ?? [];
    expect(line.text()).toMatch(/^HTTP\/1\.1 200 /);
    expect(Number(length)).toBe(LARGE);
    expect(line.text().length).toBeLessThan(LARGE);
    await front.registry.restart();
  });

  it('in the middle of an upload, the client gets an error and does not hang', async () => {
    const start = await startUpload(front.place, 'pub', alice);
    const line = openLine(front.place, BUILDER);
    line.write(head(`PATCH ${start.headers['location']} HTTP/1.1`, [`Content-Length: ${LARGE}`]));
    line.write(Buffer.alloc(1024 * 1024));
    await eventually(
      async () => (await front.operations('/metrics')).text,
      (text) => /^warden_requests_in_flight\{route="upload"\} 1$/m.test(text),
    );
    await front.registry.kill();
    line.write(Buffer.alloc(LARGE - 1024 * 1024));
    await line.until(/UNAVAILABLE|^$/);
    expect(line.text()).toMatch(/^(?:HTTP\/1\.1 50[23] |$)/);
    line.socket.destroy();
    await front.registry.restart();
  });

  it('to say what became of a manifest, the truth is looked up, recorded and told', async () => {
    const tap = await insertTap(front);
    try {
      const image = smallImage();
      for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
      tap.swallowAnswerTo(/^PUT \/v2\/pub\/manifests\/unsaid /);
      const reply = await putManifest(front.place, 'pub', 'unsaid', image, alice);
      expect({ status: reply.status, digest: reply.headers['docker-content-digest'] }).toEqual({
        status: 201,
        digest: image.digest,
      });
      const found = readLog(join(front.warden.folder, 'data')).filter(({ tag }) => tag?.name === 'unsaid');
      expect(found).toHaveLength(1);
      expect(found[0]).toMatchObject({ type: 'push.accepted', recovered: { saw: 'tag', tag: image.digest } });
      expect(openIntents(join(front.warden.folder, 'data'))).toBe(0);
    } finally {
      changeSettings(front.warden.settingsFile, { registry: { url: front.registry.url } });
      await front.warden.restart();
      await tap.stop();
    }
  });

  it('before it has a manifest, the push has failed on the record too, and the next one goes through', async () => {
    const image = smallImage();
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    const tap = await insertTap(front);
    try {
      tap.cutRequest(/^PUT \/v2\/pub\/manifests\/lost /);
      const reply = await putManifest(front.place, 'pub', 'lost', image, alice);
      expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
      const found = readLog(join(front.warden.folder, 'data')).filter(({ tag }) => tag?.name === 'lost');
      expect(found.map(({ type }) => type)).toEqual(['push.aborted']);
      const again = await putManifest(front.place, 'pub', 'lost', image, alice);
      expect(again.status).toBe(201);
    } finally {
      changeSettings(front.warden.settingsFile, { registry: { url: front.registry.url } });
      await front.warden.restart();
      await tap.stop();
    }
  });

  it('many pulls that their clients break off leave the rest whole', async () => {
    const gone = Array.from({ length: 40 }, async () => {
      const socket = connect({ ...front.place });
      socket.on('error', () => undefined);
      socket.write(head(`GET /v2/pub/blobs/${large.digest} HTTP/1.1`, []));
      await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
    });
    await Promise.all(gone);
    const reply = await front.ask({ ...alice, path: `/v2/pub/blobs/${large.digest}` });
    expect(digestOf(reply.bytes)).toBe(large.digest);
    await eventually(
      async () => (await front.operations('/metrics')).text,
      (text) => /^warden_requests_in_flight\{route="blob"\} 0$/m.test(text),
    );
  });

  it('to know Warden’s key, its own 401 and realm never reach the client', async () => {
    const temp = makeTemp('other');
    await front.registry.kill();
    const crt = temp.at('other.crt');
    await makeSelfSigned({ key: temp.at('other.pem'), cert: crt }, 'other', '-days', '2');
    const registry = await startRegistry({
      port: front.registry.port,
      storage: front.registry.storage,
      auth: {
        realm: 'https://registry-realm.example/token',
        service: 'docker-registry',
        issuer: 'registry-warden',
        rootCertificateFile: crt,
      },
    });
    try {
      for (const [method, path] of [
        ['GET', '/v2/pub/manifests/l'],
        ['HEAD', '/v2/pub/manifests/l'],
        ['POST', '/v2/pub/blobs/uploads/'],
        ['GET', '/v2/pub/tags/list'],
      ] as const) {
        const reply = await front.ask({ ...alice, method, path });
        expect(reply.status).toBe(502);
        expect(reply.headers['www-authenticate']).toBeUndefined();
        expect(JSON.stringify(reply.headers) + reply.text).not.toContain('registry-realm');
      }
      expect((await pushImage(front.place, 'pub', 'x', smallImage(), alice)).status).toBe(502);
      expect(await ready()).toBe(503);
    } finally {
      await registry.stop();
      await temp.stop();
      await front.registry.restart();
    }
    await eventually(ready, (status) => status === 200);
  });
});

describeNeeding(['docker-registry'], 'a refusal of Warden', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob'] });
  }, 60_000);
  afterAll(() => front?.stop());

  it('has the registry’s form, one error, no details but its name over the API, and no body for HEAD', async () => {
    const token = await front.token({ user: 'bob', scope: 'repository:pub:pull,push' });
    const asked: readonly (readonly [string, string, Record<string, string>?])[] = [
      ['GET', '/v2/'],
      ['GET', '/v2/UPPER/tags/list'],
      ['PATCH', '/v2/pub/tags/list'],
      ['GET', '/v2/pub/tags/list?n=1&n=2'],
      ['POST', '/v2/pub/blobs/uploads/', { authorization: `Bearer ${token}` }],
      ['GET', `/v2/${'a'.repeat(9000)}/tags/list`],
      ['GET', '/token?service=other'],
      ['PUT', '/token'],
      ['GET', '/api/v1/pushes'],
      ['GET', '/api/v1/nothing'],
      ['GET', '/nothing'],
    ];
    for (const [method, path, headers] of asked) {
      const reply = await front.ask({ method, path, headers: headers ?? {} });
      expect(reply.status).toBeGreaterThanOrEqual(400);
      expect(reply.headers).toMatchObject({
        'content-type': 'application/json',
        'docker-distribution-api-version': 'registry/2.0',
        'x-request-id': expect.stringMatching(/^[0-9a-f]{16}$/),
      });
      const body = JSON.parse(reply.text) as { errors: Record<string, unknown>[] };
      expect(Object.keys(body)).toEqual(['errors']);
      expect(body.errors).toHaveLength(1);
      const [error = {}] = body.errors;
      // Programs of the API may go by the name of an error, which clients of a registry do not know.
      const named = path.startsWith('/api/');
      expect([path, Object.keys(error)]).toEqual([path, ['code', 'message', ...(named ? ['detail'] : [])]]);
      if (named) expect(error['detail']).toEqual({ error: expect.stringMatching(/^[A-Z_]+$/) });
    }
    const { replies } = await sendRaw(
      front.place,
      rawRequest('HEAD /v2/UPPER/manifests/l HTTP/1.1', [`Host: ${front.service}`, 'Connection: close']),
      { method: 'HEAD' },
    );
    expect(replies.map(({ status, headers }) => [status, Number(headers['content-length']) > 0])).toEqual([
      [404, true],
    ]);
  });

  it('answers a TLS hello on the plain port, so that clients go on to plain HTTP', async () => {
    const line = openLine(front.place);
    // The beginning of a ClientHello.
    line.write(Buffer.from('160301020001000', 'hex'));
    line.write(Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), randomBytes(60)]));
    await line.closed;
    expect(line.text()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    const code = await new Promise<string>((resolve) => {
      const socket = connectTls({ ...front.place, rejectUnauthorized: false });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)));
      socket.on('secureConnect', () => resolve('a TLS connection'));
    });
    expect(code).toMatch(/WRONG_VERSION_NUMBER|PACKET_LENGTH|EPROTO/);
    expect((await front.ask({ path: '/v2/' })).status).toBe(401);
  });

  it('ends a connection that asks to be ended, and keeps the others', async () => {
    const answers: Reply[] = [];
    for (const connection of ['close', 'keep-alive']) {
      const { replies, closed } = await sendRaw(
        front.place,
        rawRequest('GET /v2/ HTTP/1.1', [`Host: ${front.service}`, `Connection: ${connection}`]),
      );
      expect(closed).toBe(connection === 'close');
      answers.push(...replies);
    }
    expect(answers.map(({ status }) => status)).toEqual([401, 401]);
  });

  it('does not wait for a head without end', async () => {
    const { replies, closed } = await sendRaw(
      front.place,
      `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(70_000)}`,
    );
    expect(replies.map(({ status }) => status)).toEqual([431]);
    expect(closed).toBe(true);
  });
});

describeNeeding(['docker-registry'], 'the operations listener', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['bob'] });
  }, 60_000);
  afterAll(() => front?.stop());

  it('offers health and metrics there, and nothing of it where clients are', async () => {
    for (const path of ['/healthz', '/readyz', '/readyz/push', '/metrics']) {
      expect((await front.operations(path)).status).toBe(200);
      expect((await front.ask({ path })).status).toBe(404);
    }
    for (const path of ['/v2/', '/token', '/api/v1/pushes', '/', '/debug']) {
      expect((await front.operations(path)).status).toBe(404);
    }
    expect((await front.operations('/healthz', 'POST')).status).toBe(405);
  });
});
