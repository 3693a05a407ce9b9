import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { changeSettings } from '../support/warden.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { digestOf, startUpload, type With } from './images.ts';
import { openLine, rawRequest, sendRaw } from './wire.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const BLOB = `/v2/pub/blobs/${DIGEST}`;

/** A registry that answers each request with the bytes it is told. */
describeNeeding(['docker-registry'], 'an answer of the registry that is not as it should be', () => {
  let front: Front;
  let server: Server;
  let alice: With;
  let origin: string;
  /** What is answered to anything but the question whether it is there. */
  let answer: string | ((socket: Socket, head: string) => void) = '';
  const sockets = new Set<Socket>();

  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        const head = chunk.toString('latin1');
        if (/^GET \/v2\/ /.test(head)) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}');
        else if (typeof answer === 'string') socket.write(answer);
        else answer(socket, head);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const registry = { url: `http://${origin}`, redirectHosts: ['s3.example'], responseTimeoutSeconds: 2 };
    changeSettings(front.warden.settingsFile, { registry });
    await front.warden.restart();
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    for (const socket of sockets) socket.destroy();
    server?.close();
  });

  const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
  const raw = (first: string) =>
    rawRequest(first, [
      `Host: ${front.service}`,
      `Authorization: Bearer ${alice.token}`,
      'Connection: close',
    ]);

  it.each([
    ['another host', 'http://evil.example/v2/pub/blobs/uploads/x?_state=a'],
    ['another scheme', 'ftp://ORIGIN/v2/pub/blobs/uploads/x?_state=a'],
    ['another port', 'http://127.0.0.1:1/v2/pub/blobs/uploads/x?_state=a'],
    ['no scheme', '//evil.example/v2/pub/blobs/uploads/x?_state=a'],
    ['a user before the host', 'http://ORIGIN@evil.example/v2/pub/blobs/uploads/x'],
    ['a longer host', 'http://ORIGIN.evil.example/v2/pub/blobs/uploads/x'],
    ['a path that is none of ours', '/elsewhere'],
    ['a relative path', 'x?_state=a'],
    ['a line break that is encoded', '/v2/pub/blobs/uploads/x%0d%0aSet-Cookie:a'],
    ['dots', '/v2/pub/../sec/blobs/uploads/x'],
    ['an upload of another repository', '/v2/other/blobs/uploads/x?_state=a'],
    ['an upload of another repository in full', 'http://ORIGIN/v2/pub/x/blobs/uploads/x?_state=a'],
    ['a blob of another repository', `/v2/other/blobs/${DIGEST}`],
    ['the catalogue', '/v2/_catalog'],
  ])('sends nobody to %s', async (_what, location) => {
    answer = lines(
      'HTTP/1.1 202 Accepted',
      `Location: ${location.replace('ORIGIN', origin)}`,
      'Content-Length: 0',
    );
    const reply = await startUpload(front.place, 'pub', alice);
    expect({ status: reply.status, location: reply.headers['location'] }).toEqual({ status: 502 });
    expect(JSON.stringify(reply.headers) + reply.text).not.toContain('evil');
  });

  it.each([
    ['its own address', 'http://ORIGIN/v2/pub/blobs/uploads/x?_state=a'],
    ['a path', '/v2/pub/blobs/uploads/x?_state=a'],
  ])('sends those to Warden whom it would send to %s', async (_what, location) => {
    answer = lines(
      'HTTP/1.1 202 Accepted',
      `Location: ${location.replace('ORIGIN', origin)}`,
      'Content-Length: 0',
    );
    const reply = await startUpload(front.place, 'pub', alice);
    expect(reply.status).toBe(202);
    expect(reply.headers['location']).toMatch(/^\/v2\/pub\/blobs\/uploads\/x\?_state=a&_warden=/);
  });

  it('leads nobody from one upload into another', async () => {
    const at = (location: string) =>
      lines('HTTP/1.1 202 Accepted', `Location: ${location}`, 'Content-Length: 0');
    answer = at('/v2/pub/blobs/uploads/x?_state=a');
    const path = String((await startUpload(front.place, 'pub', alice)).headers['location']);
    const proceed = () => front.ask({ ...alice, method: 'PATCH', path, body: 'x' });
    answer = at('/v2/pub/blobs/uploads/x?_state=b');
    expect((await proceed()).headers['location']).toMatch(/uploads\/x\?_state=b&_warden=/);
    for (const other of ['/v2/pub/blobs/uploads/y?_state=a', '/v2/other/blobs/uploads/x?_state=a']) {
      answer = at(other);
      const reply = await proceed();
      expect({ status: reply.status, location: reply.headers['location'] }).toEqual({ status: 502 });
    }
  });

  it('sends those to a listed storage whom it sends there', async () => {
    const location = `https://s3.example/bucket/x?signature=a%2Bb`;
    answer = lines('HTTP/1.1 307 Temporary Redirect', `Location: ${location}`, 'Content-Length: 0');
    const reply = await front.ask({ ...alice, path: BLOB });
    expect({ status: reply.status, location: reply.headers['location'] }).toEqual({ status: 307, location });
  });

  it.each([
    ['401', 'HTTP/1.1 401 Unauthorized'],
    ['403', 'HTTP/1.1 403 Forbidden'],
  ])('shows no client its %s, nor any challenge of it', async (_what, first) => {
    answer = lines(
      first,
      'WWW-Authenticate: Bearer realm="https://evil.example/token",service="x"',
      'WWW-Authenticate: Basic realm="evil"',
      'Content-Length: 4',
    ).concat('evil');
    for (const path of [BLOB, '/v2/pub/manifests/l', '/v2/pub/tags/list']) {
      const reply = await front.ask({ ...alice, path });
      expect(reply.status).toBe(502);
      expect(JSON.stringify(reply.headers) + reply.text).not.toContain('evil');
      expect(reply.headers['www-authenticate']).toBeUndefined();
    }
  });

  it('passes on of its head only what is listed', async () => {
    answer = lines(
      'HTTP/1.1 200 OK',
      'Content-Length: 3',
      'Content-Type: application/octet-stream',
      `Docker-Content-Digest: ${DIGEST}`,
      'Connection: X-Inner, keep-alive',
      'X-Inner: inner',
      'Set-Cookie: inner=1',
      'Server: inner',
      'WWW-Authenticate: Basic realm="inner"',
      'Strict-Transport-Security: max-age=1',
      'Access-Control-Allow-Origin: inner',
      'X-Request-Id: inner',
      `X-Registry: ${origin}`,
      'Proxy-Authenticate: inner',
      'Trailer: inner',
    ).concat('abc');
    const reply = await front.ask({ ...alice, path: BLOB });
    expect({ status: reply.status, text: reply.text }).toEqual({ status: 200, text: 'abc' });
    expect(JSON.stringify(reply.headers)).not.toMatch(/inner/i);
    expect(JSON.stringify(reply.headers)).not.toContain(origin);
    expect(reply.headers['docker-content-digest']).toBe(DIGEST);
    expect(Object.keys(reply.headers).sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'date',
      'docker-content-digest',
      'docker-distribution-api-version',
      'x-request-id',
    ]);
  });

  it.each(['', '[]', '{"tags":1}', '<html>'])('is 502 for a list of tags that reads %j', async (text) => {
    answer = lines('HTTP/1.1 200 OK', `Content-Length: ${text.length}`).concat(text);
    expect((await front.ask({ ...alice, path: '/v2/pub/tags/list' })).status).toBe(502);
  });

  it('drops a Link to somewhere else and rewrites one to itself', async () => {
    const path = `/v2/pub/referrers/sha256:${'a'.repeat(64)}`;
    const link = async (value: string) => {
      answer = lines('HTTP/1.1 200 OK', 'Content-Length: 2', `Link: ${value}`).concat('{}');
      const reply = await front.ask({ ...alice, path });
      expect(reply).toMatchObject({ status: 200, text: '{}' });
      return reply.headers['link'];
    };
    expect(await link(`<https://evil.example${path}>; rel="next"`)).toBeUndefined();
    expect(await link('<//evil.example/v2/>; rel="next"')).toBeUndefined();
    expect(await link(`<http://${origin}${path}?artifactType=a>; rel="next"`)).toBe(
      `<${path}?artifactType=a>; rel="next"`,
    );
  });

  it.each<readonly [string, string, string, RegExp]>([
    [
      '304 with a length',
      'GET',
      lines('HTTP/1.1 304 Not Modified', 'Content-Length: 500', 'ETag: "a"'),
      /^HTTP\/1\.1 304 [\s\S]*\r\n\r\n$/,
    ],
    [
      'HEAD with a length',
      'HEAD',
      lines('HTTP/1.1 200 OK', 'Content-Length: 500'),
      /^HTTP\/1\.1 200 [\s\S]*content-length: 500\r\n[\s\S]*\r\n\r\n$/i,
    ],
    [
      'a 100 first',
      'GET',
      `${lines('HTTP/1.1 100 Continue') + lines('HTTP/1.1 200 OK', 'Content-Length: 3')}abc`,
      /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nabc$/,
    ],
    [
      'hints first',
      'GET',
      lines('HTTP/1.1 103 Early Hints', 'Link: </evil>') +
        lines('HTTP/1.1 200 OK', 'Content-Length: 3') +
        'abc',
      /^HTTP\/1\.1 200 (?![\s\S]*evil)[\s\S]*\r\n\r\nabc$/,
    ],
    [
      'chunks with trailers',
      'GET',
      `${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\nX-Evil: a\r\n\r\n`,
      /^HTTP\/1\.1 200 (?![\s\S]*Evil)[\s\S]*abc/,
    ],
    ['204 with a body', 'GET', lines('HTTP/1.1 204 No Content'), /^HTTP\/1\.1 204 [\s\S]*\r\n\r\n$/],
  ])('reaches its client, and nobody waits: %s', async (_what, method, bytes, expected) => {
    answer = bytes;
    const { text, closed } = await sendRaw(front.place, raw(`${method} ${BLOB} HTTP/1.1`), {
      from: BUILDER,
      method,
    });
    expect(text).toMatch(expected);
    expect(closed).toBe(true);
  });

  it.each<readonly [string, (socket: Socket) => void]>([
    [
      'ends before its length',
      (socket) => socket.end(`${lines('HTTP/1.1 200 OK', 'Content-Length: 500')}abc`),
    ],
    [
      'is reset in the middle',
      (socket) =>
        socket.write(`${lines('HTTP/1.1 200 OK', 'Content-Length: 500')}abc`, () =>
          setImmediate(() => socket.resetAndDestroy()),
        ),
    ],
    [
      'ends in the middle of its chunks',
      (socket) => socket.end(`${lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked')}3\r\nabc\r\n`),
    ],
  ])('that %s is cut for the client too', async (_what, write) => {
    answer = write;
    const line = openLine(front.place, BUILDER);
    line.write(raw(`GET ${BLOB} HTTP/1.1`));
    await line.closed;
    // What is framed by chunks must not end with the last one; what has a length must be shorter.
    expect(line.text()).not.toMatch(/\r\n0\r\n\r\n$/);
    const length = /content-length: (\d+)/i.exec(line.text())?.[1];
    if (length !== undefined && line.text().startsWith('HTTP/1.1 200')) {
      expect(line.text().split('\r\n\r\n')[1]?.length).toBeLessThan(Number(length));
    }
  });

  it.each<readonly [string, (socket: Socket) => void]>([
    ['no answer', () => undefined],
    ['a closed connection', (socket) => socket.destroy()],
    ['what is no HTTP', (socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')],
    [
      'two lengths',
      (socket) => socket.end(`${lines('HTTP/1.1 200 OK', 'Content-Length: 3', 'Content-Length: 5')}abcde`),
    ],
    [
      'a length and chunks',
      (socket) =>
        socket.end(
          `${lines('HTTP/1.1 200 OK', 'Content-Length: 3', 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n`,
        ),
    ],
    ['a head without end', (socket) => socket.end(`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(200_000)}`)],
    [
      'a change of protocols',
      (socket) =>
        socket.write(lines('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade')),
    ],
  ])('is an error of the registry where it is %s', async (_what, write) => {
    answer = write;
    const reply = await front.ask({ ...alice, path: BLOB });
    expect([502, 503]).toContain(reply.status);
    expect(reply.error?.code).toBe('UNAVAILABLE');
  });

  it('does not end a push that it answers early with success', async () => {
    // 201 for another digest than the bytes have is no success.
    answer = (socket, head) => {
      if (head.startsWith('HEAD')) socket.write(lines('HTTP/1.1 404 Not Found', 'Content-Length: 0'));
      else if (head.startsWith('PUT')) {
        socket.write(lines('HTTP/1.1 201 Created', `Docker-Content-Digest: ${DIGEST}`, 'Content-Length: 0'));
      } else socket.write(lines('HTTP/1.1 404 Not Found', 'Content-Length: 0'));
    };
    changeSettings(front.warden.settingsFile, { record: { settleSeconds: 1 } });
    await front.warden.restart();
    const reply = await front.ask({
      ...alice,
      method: 'PUT',
      path: '/v2/pub/manifests/l',
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
      body: JSON.stringify({ schemaVersion: 2, manifests: [] }),
    });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
  });

  it('locks no tag by a change of protocols', async () => {
    const bytes = JSON.stringify({ schemaVersion: 2, manifests: [] });
    const push = () =>
      front.ask({
        ...alice,
        method: 'PUT',
        path: '/v2/pub/manifests/switched',
        headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
        body: bytes,
      });
    const change = lines('HTTP/1.1 101 Switching Protocols', 'Upgrade: x', 'Connection: upgrade');
    const absent = lines('HTTP/1.1 404 Not Found', 'Content-Length: 0');
    const stored = lines(
      'HTTP/1.1 201 Created',
      `Docker-Content-Digest: ${digestOf(Buffer.from(bytes))}`,
      'Content-Length: 0',
    );
    answer = change;
    expect((await push()).status).toBe(503);
    answer = (socket, head) => socket.write(head.startsWith('PUT') ? change : absent);
    expect((await push()).status).toBe(503);
    answer = (socket, head) => socket.write(head.startsWith('PUT') ? stored : absent);
    expect((await push()).status).toBe(201);
  });
});
