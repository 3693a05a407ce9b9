import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Exchange } from '../../src/gate/exchange.ts';
import { createWardenServer } from '../../src/http/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { eventually } from '../gate/eventually.ts';
import { ask, type Place } from '../gate/wire.ts';

const SHARE = 300;
const CONNECTIONS = 400;
/** Stands for a listed proxy. */
const UNCOUNTED = '127.0.0.9';

describe('the listener that clients see', () => {
  const opened = new Set<Socket>();
  let server: Server | undefined;
  afterEach(async () => {
    for (const socket of opened) socket.destroy();
    opened.clear();
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  });

  /** The client's address is what it says it is, as behind a listed proxy. */
  async function start(gate: (exchange: Exchange) => Promise<void>): Promise<{
    readonly place: Place;
    readonly lines: readonly Record<string, unknown>[];
    readonly metrics: Metrics;
  }> {
    const metrics = createMetrics();
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    server = createWardenServer({
      gate,
      token: gate,
      app: gate,
      readClient: ({ peer, forwardedFor = peer }) =>
        forwardedFor === ''
          ? undefined
          : {
              address: forwardedFor,
              peer,
              forwarded: [],
              viaProxy: false,
              proto: 'http',
              confidential: true,
            },
      log: createLog({ level: 'info', destination }),
      metrics,
      shareOf: (peer) => (peer === UNCOUNTED ? undefined : peer),
      limits: {
        headersTimeoutMs: 60_000,
        keepAliveMs: 75_000,
        silenceMs: 60_000,
        requestsOfAddress: SHARE,
        connectionsOfAddress: CONNECTIONS,
      },
      tls: undefined,
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo; // a TCP listener has one
    return { place: { host: '127.0.0.1', port }, lines, metrics };
  }

  function open(place: Place, text: string): Socket {
    const socket = connect(place);
    opened.add(socket);
    socket.on('error', () => undefined);
    socket.write(text);
    return socket;
  }

  it('tells an address that has very many requests under way to come again, and serves the others', async () => {
    const held: Exchange[] = [];
    let served = (): void => undefined;
    const all = new Promise<void>((resolve) => {
      served = resolve;
    });
    const { place } = await start(async (exchange) => {
      if (exchange.request.url !== '/v2/held') return void exchange.response.end('ok');
      held.push(exchange);
      if (held.length === SHARE) served();
    });
    const from = (address: string) => ({ path: '/v2/', headers: { 'x-forwarded-for': address } });
    for (let count = 0; count < SHARE; count++) {
      open(place, 'GET /v2/held HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n');
    }
    await all;
    const reply = await ask(place, from('192.0.2.1'));
    expect({ status: reply.status, error: reply.error, again: reply.headers['retry-after'] }).toEqual({
      status: 429,
      error: {
        code: 'TOOMANYREQUESTS',
        message: 'too many requests of your address are under way; try again',
      },
      again: '5',
    });
    expect((await ask(place, from('192.0.2.2'))).status).toBe(200);
    const [one] = held;
    const closed = new Promise((resolve) => one?.response.once('close', resolve));
    one?.response.end();
    await closed;
    expect((await ask(place, from('192.0.2.1'))).status).toBe(200);
  }, 60_000);

  it('counts a network of IPv6 as one address', async () => {
    const held: Exchange[] = [];
    const { place } = await start(async (exchange) => {
      if (exchange.request.url === '/v2/held') held.push(exchange);
      else exchange.response.end('ok');
    });
    for (let count = 0; count < SHARE; count++) {
      open(
        place,
        `GET /v2/held HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 2001:db8::${count.toString(16)}\r\n\r\n`,
      );
    }
    await eventually(
      () => held.length,
      (count) => count === SHARE,
    );
    const from = (address: string) => ask(place, { path: '/v2/', headers: { 'x-forwarded-for': address } });
    expect((await from('2001:db8::ffff:1')).status).toBe(429);
    expect((await from('2001:db8:0:1::1')).status).toBe(200);
  });

  it('closes the connections of an address that has very many open, idle or not, and serves the others', async () => {
    const { place, lines, metrics } = await start(async ({ response }) => void response.end('ok'));
    const idle = Array.from({ length: CONNECTIONS }, () => open(place, ''));
    await Promise.all(idle.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    await expect(ask(place, { path: '/v2/' })).rejects.toThrow(/socket hang up|ECONNRESET/);
    const more = Array.from({ length: 5 }, () => open(place, 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'));
    await Promise.all(more.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
    // Those of another address, and those that are not counted, find room.
    expect((await ask(place, { path: '/v2/', from: '127.0.0.8' })).status).toBe(200);
    for (let count = 0; count < 10; count++) {
      expect((await ask(place, { path: '/v2/', from: UNCOUNTED })).status).toBe(200);
    }
    expect(lines.filter(({ msg }) => String(msg).includes('as many connections'))).toMatchObject([
      { level: 'warn', address: '127.0.0.1' },
    ]);
    expect((await metrics.render()).text).toMatch(/^warden_connections_refused_total 6$/m);
    const [one] = idle;
    one?.destroy();
    await eventually(
      () =>
        ask(place, { path: '/v2/' }).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status === 200,
    );
  });

  it('blames nobody for a connection that was reset before it was looked at', async () => {
    const { place, lines } = await start(async ({ response }) => void response.end('ok'));
    const gone = Array.from({ length: 100 }, () => {
      const socket = open(place, 'GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3));
      return new Promise<void>((resolve) => {
        socket.once('connect', () => setImmediate(() => socket.resetAndDestroy()));
        socket.once('close', () => resolve());
      });
    });
    await Promise.all(gone);
    expect((await ask(place, { path: '/v2/' })).status).toBe(200);
    expect(lines.filter(({ error }) => error !== undefined)).toEqual([]);
  });
});
