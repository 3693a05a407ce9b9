import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { startRegistry } from '../support/registry.ts';
import { eventually } from './eventually.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import { pushImage, type SmallImage, smallImage } from './images.ts';
import { insertTap, type Tap } from './tap.ts';
import { chunked, rawRequest, sendRaw } from './wire.ts';

/** A request that nobody let in; its repository shows in logs. */
const HIDDEN = rawRequest('POST /v2/smuggled/blobs/uploads/ HTTP/1.1', ['Host: x', 'Content-Length: 0']);
const BODILESS = ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'];

describeNeeding(['docker-registry'], 'a request inside a request', () => {
  let front: Front;
  let tap: Tap;
  let token: string;
  let image: SmallImage;

  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    tap = await insertTap(front);
    token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push,delete' });
    image = smallImage();
    expect((await pushImage(front.place, 'pub', 'l', image, { token, from: BUILDER })).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await tap?.stop();
  });

  const send = (first: string, headers: readonly string[], body: string, method = 'GET') =>
    sendRaw(
      front.place,
      rawRequest(first, [`Host: ${front.service}`, `Authorization: Bearer ${token}`, ...headers], body),
      { from: BUILDER, method },
    );
  async function nothingPassed(since: number): Promise<void> {
    expect(
      (await registryRequests(front.registry, since)).filter((line) => line.includes('smuggled')),
    ).toEqual([]);
    expect(tap.sent().filter((text) => text.includes('smuggled'))).toEqual([]);
  }

  it.each(
    BODILESS.flatMap((method) =>
      [
        '/v2/pub/manifests/l',
        '/v2/pub/blobs/DIGEST',
        '/v2/',
        '/v2/pub/tags/list',
        '/v2/pub/blobs/uploads/x',
      ].map((path) => [method, path] as const),
    ),
  )('is no request when %s %s carries it in chunks', async (method, path) => {
    const since = await registryMoment(front.registry);
    tap.clear();
    const target = path.replace('DIGEST', image.layer.digest);
    const { replies, closed } = await send(
      `${method} ${target} HTTP/1.1`,
      ['Transfer-Encoding: chunked'],
      chunked(HIDDEN),
      method,
    );
    expect(replies.map(({ status }) => status)).toEqual([400]);
    // What follows on the connection could be the rest of that body.
    expect(closed).toBe(true);
    expect(tap.sent()).toEqual([]);
    await nothingPassed(since);
  });

  it.each(BODILESS)('is no request when %s announces it by its length', async (method) => {
    const since = await registryMoment(front.registry);
    tap.clear();
    const headers = [`Content-Length: ${HIDDEN.length}`];
    const { replies, closed } = await send(`${method} /v2/pub/manifests/l HTTP/1.1`, headers, HIDDEN, method);
    expect(replies.map(({ status }) => status)).toEqual([400]);
    expect(closed).toBe(true);
    await nothingPassed(since);
  });

  it.each<readonly [string, readonly string[], string]>([
    [
      'length and chunks',
      [`Content-Length: ${HIDDEN.length + 5}`, 'Transfer-Encoding: chunked'],
      `0\r\n\r\n${HIDDEN}`,
    ],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4'], chunked(HIDDEN)],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${HIDDEN.length}`], HIDDEN],
    ['two equal lengths', [`Content-Length: ${HIDDEN.length}`, `Content-Length: ${HIDDEN.length}`], HIDDEN],
    ['a list of lengths', [`Content-Length: 0, ${HIDDEN.length}`], HIDDEN],
    ['a length with a sign', ['Content-Length: +0'], HIDDEN],
    ['a length in hexadecimal', ['Content-Length: 0x10'], HIDDEN],
    ['chunks twice', ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], chunked(HIDDEN)],
    ['chunks and identity', ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], chunked(HIDDEN)],
    ['another coding', ['Transfer-Encoding: gzip, chunked'], chunked(HIDDEN)],
    ['an unknown coding', ['Transfer-Encoding: xchunked'], HIDDEN],
    ['a coding behind a tab', ['Transfer-Encoding:\tchunked, identity'], HIDDEN],
    ['a blank before the colon', ['Transfer-Encoding : chunked'], chunked(HIDDEN)],
    ['a folded header', ['X: y', ' Transfer-Encoding: chunked'], chunked(HIDDEN)],
    ['a bare CR in a header', ['X: y\rTransfer-Encoding: chunked'], chunked(HIDDEN)],
    ['a bare LF in a header', ['X: y\nTransfer-Encoding: chunked'], chunked(HIDDEN)],
    ['two hosts', ['Host: other', `Content-Length: ${HIDDEN.length}`], HIDDEN],
  ])('is no request when the framing is %s', async (_what, headers, body) => {
    const since = await registryMoment(front.registry);
    for (const first of ['POST /v2/pub/blobs/uploads/ HTTP/1.1', 'PUT /v2/pub/manifests/x HTTP/1.1']) {
      const { replies } = await send(first, headers, body);
      // One answer at most is a refusal, and none speaks of an upload that was begun for the hidden request.
      expect(replies.filter(({ status }) => status !== 400 && status !== 415)).toEqual([]);
    }
    await nothingPassed(since);
  });

  it.each<readonly [string, string]>([
    ['a size that is no number', 'zz\r\nabc\r\n0\r\n\r\n'],
    ['a size that is too large', `${'f'.repeat(17)}\r\nabc\r\n0\r\n\r\n`],
    ['a size with a sign', '-3\r\nabc\r\n0\r\n\r\n'],
    ['more bytes than announced', `3\r\nabcdef\r\n0\r\n\r\n`],
  ])('is not found behind a chunk with %s', async (_what, body) => {
    const since = await registryMoment(front.registry);
    const { replies } = await send(
      'PUT /v2/pub/manifests/x HTTP/1.1',
      ['Content-Type: application/vnd.oci.image.manifest.v1+json', 'Transfer-Encoding: chunked'],
      body + HIDDEN,
    );
    expect(replies.every(({ status }) => status >= 400)).toBe(true);
    await nothingPassed(since);
  });

  it('is data when it is the content of an upload, in chunks or by length', async () => {
    const since = await registryMoment(front.registry);
    for (const [framing, body] of [
      ['Transfer-Encoding: chunked', chunked(HIDDEN)],
      [`Content-Length: ${HIDDEN.length}`, HIDDEN],
    ] as const) {
      const start = await front.ask({ method: 'POST', path: '/v2/pub/blobs/uploads/', token, from: BUILDER });
      const { replies } = await send(`PATCH ${start.headers['location']} HTTP/1.1`, [framing], body);
      expect(replies.map(({ status }) => status)).toEqual([202]);
      expect(replies[0]?.headers['range']).toBe(`0-${HIDDEN.length - 1}`);
    }
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => line.includes('smuggled'))).toEqual([]);
  });

  it('is a request of its own only behind the end of the one before', async () => {
    const pipelined = rawRequest('GET /v2/pub/tags/list HTTP/1.1', [
      `Host: ${front.service}`,
      `Authorization: Bearer ${token}`,
    ]);
    const { replies } = await sendRaw(
      front.place,
      pipelined + pipelined + HIDDEN.replace('Host: x', 'Host: y'),
    );
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 401]);
  });

  it('tells the registry every length itself', async () => {
    tap.clear();
    const start = await front.ask({ method: 'POST', path: '/v2/pub/blobs/uploads/', token, from: BUILDER });
    await front.ask({ path: '/v2/pub/manifests/l', token });
    expect(start.status).toBe(202);
    const framings = tap.heads().map((head) => {
      const lines = head.toLowerCase().split('\r\n');
      return [
        head.split(' ')[0],
        lines.filter((line) => line.startsWith('content-length:') || line.startsWith('transfer-encoding:')),
      ];
    });
    expect(framings).toEqual([
      ['POST', ['content-length: 0']],
      ['GET', []],
    ]);
  });

  it('passes of a head only what is listed, and says by itself from where the request is', async () => {
    tap.clear();
    const reply = await front.ask({
      path: '/v2/pub/manifests/l',
      token,
      from: BUILDER,
      headers: {
        'X-Forwarded-For': '10.9.9.9',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'https',
        'X-Forwarded-Prefix': '/evil',
        Forwarded: 'for=10.9.9.9;host=evil.example',
        'X-Real-Ip': '10.9.9.9',
        'X-HTTP-Method-Override': 'DELETE',
        'X-Original-URL': '/v2/sec/manifests/l',
        'Remote-User': 'admin',
        'X-WEBAUTH-USER': 'admin',
        Cookie: 'a=b',
        Connection: 'close, X-Secret-Header, If-None-Match',
        'X-Secret-Header': 'secret',
        'Keep-Alive': 'timeout=5',
        TE: 'trailers',
        'Proxy-Authorization': 'Basic eDp5',
        'Proxy-Connection': 'keep-alive',
        'User-Agent': 'client/1.0',
        'X-Request-Id': 'theirs',
      },
    });
    expect(reply.status).toBe(200);
    const [head = ''] = tap.heads();
    const headers = Object.fromEntries(
      head
        .split('\r\n')
        .slice(1)
        .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
    );
    expect(Object.keys(headers).sort()).toEqual([
      'accept',
      'authorization',
      'connection',
      'host',
      'user-agent',
      'x-forwarded-for',
    ]);
    expect(headers).toMatchObject({
      host: `127.0.0.1:${tap.port}`,
      connection: 'keep-alive',
      'x-forwarded-for': BUILDER,
      'user-agent': `client/1.0 warden/${reply.headers['x-request-id']}`,
    });
    expect(headers['authorization']).not.toContain(token);
    expect(head).not.toMatch(/evil|10\.9\.9\.9|secret|admin/);
  });

  it('finds the id of a request in the registry’s log', async () => {
    const reply = await front.ask({
      path: '/v2/pub/tags/list',
      token,
      headers: { 'User-Agent': 'docker/29' },
    });
    const id = String(reply.headers['x-request-id']);
    await eventually(
      () => front.registry.log(),
      (log) => log.includes(`"docker/29 warden/${id}"`),
    );
    await eventually(
      () => front.warden.logLines().map((line) => line['requestId']),
      (ids) => ids.includes(id),
    );
  });
});

/** The hole that the refusals above close, as a widely used proxy library has it. */
describeNeeding(['docker-registry'], 'the same request through http-proxy', () => {
  let server: Server;
  let port: number;
  let registry: Awaited<ReturnType<typeof startRegistry>>;

  beforeAll(async () => {
    registry = await startRegistry();
    // The package has no types.
    const httpProxy = createRequire(import.meta.url)('http-proxy') as {
      createProxyServer(options: { target: string; agent: Agent }): {
        web(request: IncomingMessage, response: ServerResponse): void;
        on(name: 'error', handler: () => void): void;
      };
    };
    const proxy = httpProxy.createProxyServer({
      target: registry.url,
      agent: new Agent({ keepAlive: true }),
    });
    proxy.on('error', () => undefined);
    server = createServer((request, response) => {
      // A gate that lets nobody write.
      if (!BODILESS.includes(request.method ?? '')) response.writeHead(403).end();
      else proxy.web(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  }, 60_000);
  afterAll(async () => {
    server?.closeAllConnections();
    server?.close();
    await registry?.stop();
  });

  it('is run by the registry, so that whoever may only read begins an upload', async () => {
    const place = { host: '127.0.0.1', port };
    expect((await sendRaw(place, HIDDEN)).replies.map(({ status }) => status)).toEqual([403]);
    const body = chunked(HIDDEN);
    await sendRaw(place, rawRequest('DELETE /v2/ HTTP/1.1', ['Host: x', 'Transfer-Encoding: chunked'], body));
    const requests = await registryRequests(registry);
    expect(requests.filter((line) => line.includes('POST /v2/smuggled/blobs/uploads/'))).toHaveLength(1);
  });
});
