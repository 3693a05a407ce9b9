import type { Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Exchange } from '../../src/gate/exchange.ts';
import { createWardenServer } from '../../src/http/server.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ask, type Place } from '../gate/wire.ts';

/** As src/http/server.ts has it. */
const SHARE = 1024;

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
  }> {
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    server = createWardenServer({
      gate,
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
      metrics: createMetrics(),
      tls: undefined,
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', () => resolve()));
    const { port } = server.address() as AddressInfo; // a TCP listener has one
    return { place: { host: '127.0.0.1', port }, lines };
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
