/** Both ways of moving a body, held to the same table. */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { type RunningRegistry, startRegistry } from '../support/registry.ts';
import { makeLoopbackCertificate } from '../support/self-signed.ts';
import { makeTemp } from '../support/temp.ts';
import { ask, type Front, type FrontOptions, type Reply, startFront, WAYS, type Way } from './front.ts';
import { type ScriptedRegistry, startScriptedRegistry, type Turn } from './scripted-registry.ts';

const BLOB = '/v2/app/blobs/sha256:0000000000000000000000000000000000000000000000000000000000000000';

describe.each(WAYS)('by %s, from a registry that misbehaves,', (way) => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  async function start(
    answer: (turn: Turn) => void,
    options: Partial<FrontOptions> = {},
  ): Promise<{ registry: ScriptedRegistry; front: Front }> {
    const registry = await startScriptedRegistry(answer);
    const front = await startFront({ url: registry.url, way, ...options });
    running.push(front, registry);
    return { registry, front };
  }

  /** Answers every request with these bytes and keeps the connection. */
  function says(...parts: readonly (string | Buffer)[]): (turn: Turn) => void {
    return ({ socket }) => {
      for (const part of parts) socket.write(part as Buffer, 'latin1');
    };
  }

  it.each<[string, string, string, Partial<Reply> & { readonly text?: string }]>([
    [
      'a plain answer',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
      { status: 200, text: 'hello' },
    ],
    ['an empty body', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { status: 200, text: '' }],
    [
      'a HEAD with a length',
      'HEAD',
      'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n',
      { status: 200, text: '' },
    ],
    ['a HEAD without one', 'HEAD', 'HTTP/1.1 404 Not Found\r\n\r\n', { status: 404, text: '' }],
    [
      'a 304 with a length',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 5000\r\n\r\n',
      { status: 304, text: '' },
    ],
    ['a 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, text: '' }],
    [
      'a 100 first',
      'GET',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      { status: 200, text: 'ok' },
    ],
    [
      'two interim answers first',
      'GET',
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      { status: 200, text: 'ok' },
    ],
    [
      'a chunked body',
      'GET',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { status: 200, text: 'hello' },
    ],
    [
      'two different lengths',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!',
      { status: 503 },
    ],
    [
      'a length and chunks',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      { status: 503 },
    ],
    [
      'a length that is no number',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\nhello',
      { status: 503 },
    ],
    ['a negative length', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello', { status: 503 }],
    ['no HTTP at all', 'GET', 'SSH-2.0-OpenSSH_9.2\r\n\r\n', { status: 503 }],
    ['binary noise', 'GET', '\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n', { status: 503 }],
    [
      'a switch of protocols',
      'GET',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
      { status: 503 },
    ],
    [
      'a 401 of its own',
      'GET',
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer realm="http://registry.internal"\r\nContent-Length: 2\r\n\r\n{}',
      { status: 502, text: 'REGISTRY_MISBEHAVED' },
    ],
    [
      'a Location elsewhere',
      'GET',
      'HTTP/1.1 307 Temporary Redirect\r\nLocation: http://elsewhere.example/x\r\nContent-Length: 0\r\n\r\n',
      { status: 502, text: 'REGISTRY_MISBEHAVED' },
    ],
    [
      'chunks with trailers',
      'GET',
      'HTTP/1.1 200 OK\r\nTrailer: ETag\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nETag: "x"\r\n\r\n',
      { status: 200, text: 'hello' },
    ],
    [
      'two challenges beside an answer',
      'GET',
      'HTTP/1.1 404 Not Found\r\nWWW-Authenticate: Bearer realm="http://a"\r\nWWW-Authenticate: Basic realm="b"\r\nContent-Length: 2\r\n\r\nno',
      { status: 404, text: 'no' },
    ],
    [
      'a 403 with two challenges',
      'GET',
      'HTTP/1.1 403 Forbidden\r\nWWW-Authenticate: Bearer realm="http://a"\r\nWWW-Authenticate: Basic realm="b"\r\nContent-Length: 0\r\n\r\n',
      { status: 502, text: 'REGISTRY_MISBEHAVED' },
    ],
    [
      'a body without length or chunks, which ends with the connection',
      'GET',
      'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello',
      { status: 200, text: 'hello' },
    ],
    [
      'more bytes than announced',
      'GET',
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world',
      { status: 200, text: 'hello' },
    ],
  ])('passes on or refuses %s', async (_name, method, bytes, expected) => {
    // What ends with its connection needs an end.
    const { front } = await start(
      bytes.startsWith('HTTP/1.0') ? ({ socket }) => socket.end(bytes) : says(bytes),
    );
    const { text, ...rest } = expected;
    const reply = await front.ask({ method, path: BLOB });
    expect({ ...reply, text: reply.bytes.toString() }).toMatchObject({
      whole: true,
      ...rest,
      ...(text !== undefined && { text }),
    });
    expect(reply.headers['www-authenticate']).toBeUndefined();
    expect(reply.headers['trailer']).toBeUndefined();
    // And the next request is not touched by what was left of it.
    expect((await front.ask({ method, path: BLOB })).status).toBe(expected.status);
  });

  it.each([
    ['closes', (turn: Turn) => turn.socket.end()],
    ['resets', (turn: Turn) => turn.socket.resetAndDestroy()],
  ])('cuts the client when it %s in mid-body', async (_name, leave) => {
    const part = randomBytes(300_000);
    const { front, registry } = await start((turn) => {
      turn.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n`);
      turn.socket.write(part, () => setTimeout(() => leave(turn), 50));
    });
    const reply = await front.ask({ path: BLOB });
    expect(reply).toMatchObject({ status: 200, whole: false });
    expect(part.subarray(0, reply.bytes.length).equals(reply.bytes)).toBe(true);
    await front.ended(1);
    expect(front.outcomes).toMatchObject([{ status: 200, complete: false }]);
    await until(() => registry.connections() === 0);
  });

  it('cuts the client when it closes between or within chunks', async () => {
    for (const chunks of [
      '5\r\nhello\r\n',
      '5\r\nhello\r\nff\r\nmore',
      '5\r\nhello\r\n0\r\n',
      '5\r\nhello\r\nzz\r\n',
    ]) {
      const { front, registry } = await start(({ socket }) =>
        socket.end(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`),
      );
      expect(await front.ask({ path: BLOB })).toMatchObject({ status: 200, whole: false });
      await until(() => registry.connections() === 0);
    }
  });

  it('resets the connection of a client that would take the end of it for the end of the body', async () => {
    const { front } = await start(({ socket }) =>
      socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'),
    );
    const client = connect(front.port, '127.0.0.1');
    client.resume();
    const code = new Promise<string | undefined>((resolve) => {
      client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      client.once('close', () => resolve('no error'));
    });
    client.write(`GET ${BLOB} HTTP/1.0\r\n\r\n`);
    expect(await code).toBe('ECONNRESET');
  });

  it('removes what Connection names, from the request and from the answer', async () => {
    const { front, registry } = await start(
      says(
        'HTTP/1.1 200 OK\r\nConnection: ETag, keep-alive , X-Other,docker-content-digest\r\nETag: "x"\r\nX-Other: 1\r\n',
        'Docker-Content-Digest: sha256:abc\r\nAccept-Ranges: bytes\r\nContent-Length: 2\r\n\r\nok',
      ),
    );
    const { status, headers, bytes } = await front.ask({
      path: BLOB,
      headers: {
        connection: 'Range, close,If-None-Match',
        range: 'bytes=0-1',
        'if-none-match': '"x"',
        'if-range': '"y"',
      },
    });
    expect({ status, text: bytes.toString() }).toEqual({ status: 200, text: 'ok' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(['etag']));
    for (const name of ['etag', 'x-other', 'docker-content-digest']) expect(headers[name]).toBeUndefined();
    expect(headers['accept-ranges']).toBe('bytes');
    for (const head of registry.heads) {
      expect(head.toLowerCase()).not.toMatch(/^(?:range|if-none-match):/m);
      expect(head.toLowerCase()).toMatch(/^if-range: "y"$/m);
    }
  });

  it('cuts the client when a 416 ends short', async () => {
    const { front } = await start(({ socket }) =>
      socket.end(
        'HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */5\r\nContent-Length: 500\r\n\r\nno',
      ),
    );
    const reply = await front.ask({ path: BLOB, headers: { range: 'bytes=9-' } });
    expect(reply).toMatchObject({ status: 416, whole: false });
    expect(reply.bytes.toString()).toBe('no');
  });

  it('passes on the status of a refusal that announces a body and has none', async () => {
    const { front } = await start(({ socket }) =>
      socket.end('HTTP/1.1 412 Precondition Failed\r\nContent-Length: 500\r\n\r\n'),
    );
    const reply = await front.ask({ path: BLOB, headers: { 'if-match': '"x"' } });
    expect(reply).toMatchObject({ status: 412, whole: false });
    expect(reply.bytes).toHaveLength(0);
  });

  it('reads a head that comes byte by byte', async () => {
    const text = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: "x"\r\n\r\nok';
    const { front } = await start(({ socket }) => {
      for (const [at, letter] of [...text].entries()) setTimeout(() => socket.write(letter), at);
    });
    const reply = await front.ask({ path: BLOB });
    expect(reply).toMatchObject({ status: 200, whole: true, headers: { etag: '"x"' } });
    expect(reply.bytes.toString()).toBe('ok');
  });

  it('gives up on a head that does not come in time', async () => {
    const { front, registry } = await start(({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nCont'), {
      responseTimeoutMs: 100,
    });
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503, whole: true });
    await until(() => registry.connections() === 0);
  });

  it('gives up on a body that stands still', async () => {
    const { front, registry } = await start(says('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhello'), {
      idleTimeoutMs: 100,
    });
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 200, whole: false });
    await until(() => registry.connections() === 0);
  });

  it('gives up on a body of which a byte comes now and then', async () => {
    const { front, registry } = await start(
      ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n');
        const dripping = setInterval(() => socket.write('x'), 20);
        socket.once('close', () => clearInterval(dripping));
      },
      { idleTimeoutMs: 300 },
    );
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 200, whole: false });
    await until(() => registry.connections() === 0);
  });

  it.each([
    ['nothing', 0],
    ['a byte now and then', 1],
  ])('gives up on a client that reads %s of a body, and frees the connection', async (_what, bytes) => {
    const body = Buffer.alloc(64 * 1024 * 1024);
    const { front, registry } = await start(
      ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
        socket.write(body);
      },
      { idleTimeoutMs: 300 },
    );
    const client = connect(front.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(`GET ${BLOB} HTTP/1.1\r\nHost: x\r\n\r\n`);
    client.pause();
    const reading = setInterval(() => bytes > 0 && client.read(bytes), 20);
    await front.ended(1);
    clearInterval(reading);
    client.destroy();
    expect(front.outcomes).toMatchObject([{ status: 200, complete: false }]);
    await until(() => registry.connections() === 0);
  });

  it('does not give up on a transfer that is slow and goes on', async () => {
    const part = Buffer.alloc(40_000, 'x');
    const { front } = await start(
      ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${part.length * 12}\r\n\r\n`);
        let left = 12;
        const going = setInterval(() => {
          socket.write(part);
          if (--left === 0) clearInterval(going);
        }, 100);
      },
      { idleTimeoutMs: 700 },
    );
    const reply = await front.ask({ path: BLOB });
    expect({ status: reply.status, whole: reply.whole, bytes: reply.bytes.length }).toEqual({
      status: 200,
      whole: true,
      bytes: part.length * 12,
    });
  });

  it('refuses a head without end', async () => {
    const { front, registry } = await start(says('HTTP/1.1 200 OK\r\n', `X-Long: ${'x'.repeat(80_000)}`));
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503, whole: true });
    await until(() => registry.connections() === 0);
  });

  it('says that the registry is away when it is not there, or hangs up at once', async () => {
    const { front, registry } = await start(({ socket }) => socket.destroy());
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503 });
    await registry.stop();
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503 });
    expect(front.outcomes.map((outcome) => 'name' in outcome && outcome.name)).toEqual([
      'REGISTRY_UNAVAILABLE',
      'REGISTRY_UNAVAILABLE',
    ]);
  });

  it('asks again when a kept connection was closed meanwhile', async () => {
    const { front, registry } = await start(({ socket, nthHere }) => {
      // Closes instead of the second answer, as a server does whose patience ended as the request was on its way.
      if (nthHere === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else socket.destroy();
    });
    for (let round = 0; round < 4; round++) {
      const reply = await front.ask({ path: BLOB });
      expect(reply).toMatchObject({ status: 200, whole: true });
    }
    expect(registry.heads.length).toBeGreaterThan(4);
  });

  it('keeps the connection where it can, and not where the registry says that it closes', async () => {
    const kept = await start(says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    for (let round = 0; round < 5; round++) await kept.front.ask({ path: BLOB });
    expect(kept.registry.opened()).toBe(1);
    const closing = await start(says('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'));
    for (let round = 0; round < 5; round++) await closing.front.ask({ path: BLOB });
    expect(closing.registry.opened()).toBe(5);
  });

  it('does not use a connection again on which something came after the answer', async () => {
    const { front, registry } = await start(({ socket, nthHere }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
      if (nthHere === 1)
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 30);
    });
    await front.ask({ path: BLOB });
    await until(() => registry.connections() === 0);
    expect((await front.ask({ path: BLOB })).bytes.toString()).toBe('ok');
    expect(registry.opened()).toBe(2);
  });

  it('delivers the whole of a body whose registry is gone after its last byte', async () => {
    const body = randomBytes(3_000_000);
    const { front } = await start(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.end(body);
    });
    const slow = await readSlowly(front.port, BLOB);
    expect(slow.equals(body)).toBe(true);
    await front.ended(1);
    expect(front.outcomes).toMatchObject([{ status: 200, complete: true, bytesOut: body.length }]);
  });

  it('passes on listed headers alone, and none that names the registry', async () => {
    const { front, registry } = await start(
      says(
        'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDocker-Content-Digest: sha256:abc\r\nSet-Cookie: a=b\r\n',
        'Keep-Alive: timeout=5\r\nServer: secret\r\nX-Other: 1\r\nContent-Type: text/plain\r\n',
        'Location: /v2/app/blobs/uploads/\r\n\r\nok',
      ),
    );
    const { headers } = await front.ask({ path: BLOB, headers: { 'x-own': '1', connection: 'close' } });
    expect(headers).toMatchObject({
      'docker-content-digest': 'sha256:abc',
      'content-type': 'text/plain',
      location: '/v2/app/blobs/uploads/',
    });
    for (const name of ['set-cookie', 'keep-alive', 'server', 'x-other'])
      expect(headers[name]).toBeUndefined();
    const head = String(registry.heads[0]).toLowerCase().split('\r\n');
    expect(head).toContain(`host: ${registry.url.host}`);
    expect(head).toContain('authorization: bearer unsigned');
    expect(head).toContain('x-forwarded-for: 192.0.2.1');
    expect(head).toContain('user-agent: warden/an-id');
    expect(head.some((line) => line.startsWith('x-own') || line.startsWith('transfer-encoding'))).toBe(false);
  });

  it('leaves no connection to the registry after 100 aborted pulls', async () => {
    const body = Buffer.alloc(4_000_000, 'x');
    const { front, registry } = await start(({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    for (let batch = 0; batch < 5; batch++) {
      await Promise.all(Array.from({ length: 20 }, () => abortPull(front.port, BLOB)));
    }
    await front.ended(100);
    await until(() => registry.connections() === 0);
    expect(front.outcomes.filter((outcome) => 'complete' in outcome && outcome.complete)).toEqual([]);
  });

  it('gives a request up whose client went away before the head of the answer', async () => {
    const { front, registry } = await start(() => undefined);
    const client = connect(front.port, '127.0.0.1');
    client.on('error', () => undefined);
    client.write(`GET ${BLOB} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await until(() => registry.heads.length === 1);
    client.destroy();
    await until(() => registry.connections() === 0);
    await front.ended(1);
    expect(front.outcomes).toMatchObject([{ name: 'REGISTRY_UNAVAILABLE' }]);
  });

  describe('with as many connections as it may have in use', () => {
    /** Half a body, and no more; anything else at once. */
    const half = ({ socket, target }: Turn): void =>
      void socket.write(
        `HTTP/1.1 200 OK\r\nContent-Length: ${target.endsWith('stands') ? 500 : 2}\r\n\r\nok`,
      );
    async function stall(front: Front): Promise<() => void> {
      const client = connect(front.port, '127.0.0.1');
      client.on('error', () => undefined);
      client.write('GET /v2/app/manifests/stands HTTP/1.1\r\nHost: x\r\n\r\n');
      await new Promise((resolve) => client.once('data', resolve));
      return () => client.destroy();
    }

    it('makes others wait until one is free', async () => {
      const { front, registry } = await start(half, { connections: 2 });
      const [leave] = [await stall(front), await stall(front)];
      const waiting = Array.from({ length: 5 }, () => front.ask({ path: BLOB }));
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(registry.heads.length).toBe(2);
      leave?.();
      for (const reply of await Promise.all(waiting)) {
        expect(reply).toMatchObject({ status: 200, whole: true });
      }
      expect(registry.connections()).toBe(2);
    });

    it('gives up when none is free in time', async () => {
      const { front } = await start(half, { connections: 1, responseTimeoutMs: 200 });
      const leave = await stall(front);
      expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503, whole: true });
      leave();
      await until(() => front.outcomes.length === 2);
      expect((await front.ask({ path: BLOB })).status).toBe(200);
    });

    it('asks again over a new one when the kept one had died', async () => {
      const { front, registry } = await start(
        ({ socket, nthHere }) => {
          if (nthHere === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else socket.destroy();
        },
        { connections: 1 },
      );
      for (let round = 0; round < 4; round++) {
        expect(await front.ask({ path: BLOB })).toMatchObject({ status: 200, whole: true });
      }
      expect(registry.connections()).toBeLessThanOrEqual(1);
    });
  });

  it('keeps answers apart that a client asks for without waiting', async () => {
    const { front } = await start(({ socket, target }) => {
      const body = target.slice(-3).repeat(40_000);
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    });
    const names = ['aaa', 'bbb', 'ccc', 'ddd'];
    const client = connect(front.port, '127.0.0.1');
    client.write(
      names
        .map((name, at) => {
          const last = at === names.length - 1 ? 'Connection: close\r\n' : '';
          return `GET /v2/app/manifests/${name} HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
        })
        .join(''),
    );
    let text = '';
    for await (const chunk of client) text += (chunk as Buffer).toString('latin1');
    const bodies = text.split(/HTTP\/1\.1 200 OK\r\n(?:[^\r]+\r\n)*\r\n/).slice(1);
    expect(bodies.map((body) => [body.slice(0, 3), body.length])).toEqual(
      names.map((name) => [name, 120_000]),
    );
  });
});

describeNeeding(['docker-registry', 'openssl'], 'from a real registry', () => {
  let registry: RunningRegistry;
  const blobs = [0, 1, 1000, 32_768, 65_536, 200_000, 3_000_000].map((size) => randomBytes(size));
  const temp = makeTemp('forward');
  let tls: { readonly cert: string; readonly key: string };

  beforeAll(async () => {
    registry = await startRegistry();
    for (const blob of blobs) await upload(registry.url, blob);
    const [key, cert] = [temp.at('key.pem'), temp.at('cert.pem')];
    await makeLoopbackCertificate({ key, cert });
    tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  });
  afterAll(async () => {
    await registry?.stop();
    await temp.stop();
  });

  describe.each(WAYS)('by %s', (way: Way) => {
    let plain: Front;
    let encrypted: Front;
    beforeAll(async () => {
      plain = await startFront({ url: new URL(registry.url), way });
      encrypted = await startFront({ url: new URL(registry.url), way, tls });
    });
    afterAll(async () => {
      await plain?.stop();
      await encrypted?.stop();
    });

    it.each(blobs.map((blob) => [blob.length, blob] as const))(
      'a blob of %i bytes comes whole, plain and over TLS',
      async (size, blob) => {
        for (const front of [plain, encrypted]) {
          const reply = await front.ask({ path: pathOf(blob) });
          expect(reply).toMatchObject({ status: 200, whole: true });
          expect(reply.headers).toMatchObject({
            'content-length': String(size),
            'docker-content-digest': digestOf(blob),
          });
          expect(digestOf(reply.bytes)).toBe(digestOf(blob));
        }
      },
    );

    it('answers HEAD, a range, a range beyond the end, a known tag and an unknown blob as the registry does', async () => {
      const blob = blobs[5] as Buffer; // there are seven
      const path = pathOf(blob);
      const etag = `"${digestOf(blob)}"`;
      const questions = [
        { method: 'HEAD', path },
        { path, headers: { range: 'bytes=100-199' } },
        { path, headers: { range: 'bytes=0-0,5-6' } },
        { path, headers: { range: `bytes=${blob.length}-` } },
        { path, headers: { 'if-none-match': etag } },
        { path: BLOB },
        { method: 'HEAD', path: BLOB },
        { path: '/v2/app/manifests/absent' },
        { path: '/v2/app/tags/list' },
      ];
      for (const question of questions) {
        // Some of its answers end short of their length; then they must here too.
        const direct = await ask(registry.port, question);
        const reply = await plain.ask(question);
        expect([question, reply.status, reply.whole]).toEqual([question, direct.status, direct.whole]);
        for (const name of ['content-length', 'content-range', 'etag', 'docker-content-digest']) {
          expect([name, reply.headers[name]]).toEqual([name, direct.headers[name]]);
        }
        // A multipart body has a boundary of its own each time.
        const many = String(reply.headers['content-type']).startsWith('multipart/');
        if (!many) expect(reply.bytes.equals(direct.bytes)).toBe(true);
      }
    });

    it('sixty pulls at once come whole, plain and over TLS', async () => {
      for (const front of [plain, encrypted]) {
        const asked = Array.from({ length: 60 }, (_, at) => blobs[at % blobs.length] as Buffer);
        const got = await Promise.all(asked.map((blob) => front.ask({ path: pathOf(blob) })));
        expect(got.map(({ bytes }) => digestOf(bytes))).toEqual(asked.map(digestOf));
      }
    });

    it('slow and fast readers at once get their bytes', async () => {
      const blob = blobs.at(-1) as Buffer;
      const path = pathOf(blob);
      const slow = Array.from({ length: 6 }, () => readSlowly(plain.port, path));
      const fast = Array.from({ length: 12 }, async () => (await plain.ask({ path })).bytes);
      for (const bytes of await Promise.all([...slow, ...fast])) expect(digestOf(bytes)).toBe(digestOf(blob));
    });
  });
});

function pathOf(blob: Buffer): string {
  return `/v2/app/blobs/${digestOf(blob)}`;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function upload(url: string, blob: Buffer): Promise<void> {
  const start = await fetch(`${url}/v2/app/blobs/uploads/`, { method: 'POST' });
  const put = await fetch(`${start.headers.get('location')}&digest=${digestOf(blob)}`, {
    method: 'PUT',
    body: new Uint8Array(blob),
  });
  if (put.status !== 201) throw new Error(`the registry did not take a blob: ${put.status}`);
}

/** The body, by a client that takes a little and waits a little. */
async function readSlowly(port: number, path: string): Promise<Buffer> {
  const client = connect(port, '127.0.0.1');
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  for await (const chunk of client) {
    chunks.push(chunk as Buffer);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}

/** Goes away once the body has begun. */
function abortPull(port: number, path: string): Promise<void> {
  return new Promise((resolve) => {
    const client = connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    client.once('data', () => client.destroy());
    client.once('close', () => resolve());
    client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  });
}

/** Until something holds that was set in motion. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it did not come to hold');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
