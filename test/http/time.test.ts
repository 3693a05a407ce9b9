/** What a client may hold open at the listener, and for how long, with limits of fractions of a second. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import type { Exchange } from '../../src/gate/exchange.ts';
import { readBody } from '../../src/gate/read-body.ts';
import { createWardenServer, type Limits } from '../../src/http/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { eventually } from '../gate/eventually.ts';
import { ask, openLine, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeLoopbackCertificate } from '../support/self-signed.ts';
import { makeTemp } from '../support/temp.ts';

const AN_HOUR = 3_600_000;
/** Node's own, which a large upload exceeds. */
const REQUEST_LIMIT_OF_NODE_MS = 300_000;

describeNeeding(['openssl'], 'the time of a client at the listener', () => {
  const temp = makeTemp('time');
  let tls: { readonly cert: string; readonly key: string };
  const opened = new Set<Socket>();
  let server: Server | undefined;

  beforeAll(async () => {
    const [key, cert] = [temp.at('key.pem'), temp.at('cert.pem')];
    await makeLoopbackCertificate({ key, cert });
    tls = { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  });
  afterEach(async () => {
    for (const socket of opened) socket.destroy();
    opened.clear();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    server = undefined;
  });
  afterAll(() => temp.stop());

  async function start(
    limits: Partial<Limits>,
    { gate = greet, secure = false }: { gate?: (exchange: Exchange) => Promise<void>; secure?: boolean } = {},
  ): Promise<Place> {
    server = createWardenServer({
      gate,
      token: gate,
      app: gate,
      readClient: ({ peer }) => ({
        address: peer,
        peer,
        forwarded: [],
        viaProxy: false,
        proto: 'http',
        confidential: true,
      }),
      shareOf: (peer) => peer,
      limits: {
        headersTimeoutMs: AN_HOUR,
        keepAliveMs: AN_HOUR,
        silenceMs: AN_HOUR,
        requestsOfAddress: 100,
        connectionsOfAddress: 100,
        ...limits,
      },
      log: createLog({ level: 'silent' }),
      metrics: createMetrics(),
      tls: secure ? { ...tls, ca: undefined } : undefined,
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo; // a TCP listener has one
    return { host: '127.0.0.1', port };
  }
  const greet = async ({ response }: Exchange): Promise<void> => void response.end('hello');
  /** A byte of the text now, the next later, until the other side closes. */
  function drip(socket: Socket, text: string): void {
    let at = 0;
    const dripping = setInterval(() => socket.write(text[at++] ?? 'x'), 20);
    socket.once('close', () => clearInterval(dripping));
  }
  const get = 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n';
  const headWithoutEnd = `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(10_000)}`;

  it.each([
    ['nothing', () => undefined],
    ['a head that does not end', (socket: Socket) => void socket.write(headWithoutEnd)],
    ['a head of a byte now and then', (socket: Socket) => drip(socket, headWithoutEnd)],
    ['empty lines for ever', (socket: Socket) => drip(socket, '\r\n'.repeat(5000))],
  ])('ends with 408 for one that sends %s, and the others are served', async (_what, send) => {
    const place = await start({ headersTimeoutMs: 400 });
    const lines = Array.from({ length: 20 }, () => openLine(place));
    for (const { socket } of lines) send(socket);
    expect((await ask(place, { path: '/v2/' })).status).toBe(200);
    for (const line of lines) {
      await line.closed;
      expect(line.text()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n\r\n$/);
    }
    expect((await ask(place, { path: '/v2/' })).status).toBe(200);
  });

  it('ends in the same way for the head of a second request', async () => {
    const place = await start({ headersTimeoutMs: 400 });
    const line = openLine(place);
    line.write(get);
    await line.until(/hello/);
    drip(line.socket, headWithoutEnd);
    await line.closed;
    expect(line.text()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*hello[\s\S]*HTTP\/1\.1 408 /);
  });

  it('ends when there is no other request for too long', async () => {
    const place = await start({ keepAliveMs: 100 });
    const line = openLine(place);
    line.write(get);
    await line.closed;
    expect(line.text()).toMatch(/hello/);
  });

  it('is not over between two requests', async () => {
    const place = await start({ headersTimeoutMs: 200, silenceMs: 200, keepAliveMs: 10_000 });
    const line = openLine(place);
    for (let round = 1; round <= 3; round++) {
      line.write(get);
      await eventually(
        () => line.text().match(/hello/g)?.length,
        (count) => count === round,
      );
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    expect(line.text().match(/HTTP\/1\.1 \d{3}/g)).toEqual(Array(3).fill('HTTP/1.1 200'));
    line.socket.destroy();
  });

  it.each([
    ['nothing', () => undefined],
    ['the beginning of a hello', (socket: Socket) => void socket.write(Buffer.from('160301020001', 'hex'))],
    [
      'a hello of a byte now and then',
      (socket: Socket) => drip(socket, `\x16\x03\x01\x02\x00\x01${'\0'.repeat(500)}`),
    ],
  ])('ends where a TLS handshake is never finished: %s', async (_what, send) => {
    const place = await start({ headersTimeoutMs: 400 }, { secure: true });
    const stuck = Array.from({ length: 20 }, () => {
      const socket = connect(place);
      opened.add(socket);
      socket.on('error', () => undefined);
      socket.resume();
      send(socket);
      return new Promise((resolve) => socket.once('close', resolve));
    });
    const served = connectTls({ ...place, ca: tls.cert });
    served.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    let text = '';
    for await (const chunk of served) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*hello/);
    await Promise.all(stuck);
  });

  it('ends where nobody reads the answer', async () => {
    const body = randomBytes(32 * 1024 * 1024);
    const ended: boolean[] = [];
    const place = await start(
      { silenceMs: 400 },
      {
        gate: async ({ response }) => {
          response.once('close', () => ended.push(response.writableFinished));
          response.end(body);
        },
      },
    );
    const socket = connect(place);
    opened.add(socket);
    socket.on('error', () => undefined);
    socket.pause();
    socket.write(get);
    await eventually(
      () => ended,
      ([finished]) => finished === false,
    );
  });

  it('ends with 408 for a small body that does not come whole, however it drips', async () => {
    const place = await start({}, { gate: async ({ request }) => void (await readBody(request, 1000, 300)) });
    const line = openLine(place);
    line.write('POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n');
    drip(line.socket, 'a'.repeat(900));
    await line.until(/REQUEST|did not come in time/);
    expect(line.text()).toMatch(/^HTTP\/1\.1 408 /);
    expect(line.text()).toContain('the body did not come in time');
    line.socket.destroy();
  });

  it('has no limit for a request as a whole, as Node would have', async () => {
    await start({});
    expect(server?.requestTimeout).toBe(0);
    expect(server?.maxRequestsPerSocket).toBe(0);
    // Node's limit is there, for this to mean anything.
    const { createServer } = await import('node:http');
    expect(createServer().requestTimeout).toBe(REQUEST_LIMIT_OF_NODE_MS);
  });
});
