import { type EventEmitter, errorMonitor } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createWardenServer } from '../../src/http/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ask, openLine, type Place, parseReplies } from '../gate/wire.ts';

const UPGRADE =
  'GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n';
const TUNNEL = 'CONNECT registry:5000 HTTP/1.1\r\nHost: registry:5000\r\n\r\n';
const GET = 'GET /slow HTTP/1.1\r\nHost: x\r\n\r\n';
const AN_HOUR = 3_600_000;

describe('a client that wants another protocol on its connection', () => {
  let server: Server;
  let place: Place;
  let answerSlow: () => void;
  let slow: Promise<void>;

  beforeEach(async () => {
    slow = new Promise((resolve) => {
      answerSlow = resolve;
    });
    server = createWardenServer({
      gate: async ({ request, response }) => {
        if (request.url === '/slow') await slow;
        response.end('hello');
      },
      token: async ({ response }) => void response.end('hello'),
      app: async ({ response }) => void response.end('hello'),
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
      },
      log: createLog({ level: 'silent' }),
      metrics: createMetrics(),
      tls: undefined,
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo; // a TCP listener has one
    place = { host: '127.0.0.1', port };
  });
  afterEach(async () => {
    answerSlow();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it.each([
    ['an upgrade', UPGRADE, 400],
    ['a tunnel', TUNNEL, 405],
  ])('is refused %s, and its connection ends although it holds it', async (_what, text, status) => {
    const socket = connect({ ...place, allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.write(text);
    await new Promise<void>((resolve) => socket.once('end', () => resolve()));
    // Resolves when the listener has no connection any more.
    await new Promise<void>((resolve) => server.close(() => resolve()));
    expect(parseReplies(Buffer.concat(chunks), 'GET').map((reply) => reply.status)).toEqual([status]);
    socket.destroy();
  });

  it.each([
    ['an upgrade', UPGRADE],
    ['a tunnel', TUNNEL],
    ['a tunnel behind another request', GET + TUNNEL],
    ['an upgrade behind another request', GET + UPGRADE],
  ])('disturbs nobody when it asks for %s and resets the connection', async (_what, text) => {
    const unheard: Error[] = [];
    server.on('connection', (socket: EventEmitter) => {
      socket.on(errorMonitor, (error: Error) => {
        if (socket.listenerCount('error') === 0) unheard.push(error);
      });
    });
    for (let round = 0; round < 20; round++) {
      const socket = connect(place);
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
      socket.write(text + 'x'.repeat(round * 1000));
      if (text.startsWith(GET)) setTimeout(() => socket.resetAndDestroy(), 5);
      else socket.once('data', () => socket.resetAndDestroy());
      await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    }
    expect((await ask(place, { path: '/v2/' })).status).toBe(200);
    // Such an error ends the process.
    expect(unheard).toEqual([]);
  });

  it('reads the answer to its earlier request first', async () => {
    const upgrade = openLine(place);
    upgrade.write(GET + UPGRADE);
    const tunnel = openLine(place);
    tunnel.write(GET + TUNNEL);
    // The tunnel's connection is given up rather than answered out of turn.
    await tunnel.closed;
    expect(tunnel.text()).toBe('');
    answerSlow();
    await upgrade.closed;
    expect(parseReplies(Buffer.from(upgrade.text()), 'GET').map(({ status }) => status)).toEqual([200, 400]);
  });
});
