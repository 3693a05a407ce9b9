import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { tokenEndpoint } from '../../src/http/routes/token.ts';
import { createWardenServer } from '../../src/http/server.ts';
import { parseBasic } from '../../src/identity/basic.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ask, type Place } from '../gate/wire.ts';

const LONG = 'a'.repeat(100);

describe('an answer of the token endpoint', () => {
  let server: Server | undefined;
  afterEach(async () => {
    await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
  });

  /** Tokens are numbers, so that a new one is told from the one before. */
  async function start() {
    const state = { moment: {}, made: 0, shared: true };
    const metrics = createMetrics();
    const lines: Record<string, unknown>[] = [];
    const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
    const token = tokenEndpoint({
      services: { registry: 'registry.corp', api: 'registry.corp/api' },
      login: async ({ user }) => ({
        ok: true,
        subject: { name: user, kind: 'person', groups: [], method: 'password' },
        credential: '',
      }),
      parseBasic: (header) => parseBasic(header) ?? 'malformed',
      loginFailed: () => undefined,
      sign: ({ scopes }) => ({
        token: String(++state.made),
        expiresInSeconds: 300,
        scope: scopes.map(({ name }) => name).join(' '),
        shared: state.shared,
      }),
      moment: () => state.moment,
      sessions: undefined,
      bodyTimeoutMs: 10_000,
      metrics,
    });
    server = createWardenServer({
      ...{ gate: token, token, app: token, metrics, tls: undefined },
      readClient: ({ peer, forwardedFor: address = peer }) => ({
        ...{ address, peer, forwarded: [], viaProxy: false, proto: 'http', confidential: true },
      }),
      log: createLog({ level: 'info', destination }),
      shareOf: (peer) => peer,
      limits: {
        ...{ headersTimeoutMs: 60_000, keepAliveMs: 75_000, silenceMs: 60_000 },
        ...{ requestsOfAddress: 100, connectionsOfAddress: 100 },
      },
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', () => resolve()));
    const place: Place = { host: '127.0.0.1', port: (server.address() as AddressInfo).port }; // a TCP listener has one
    const tokenOf = async (scope: string, headers: Record<string, string> = {}, more = '') => {
      const path = `/token?service=registry.corp&scope=repository:${scope}:pull${more}`;
      const { status, text } = await ask(place, { path, headers });
      return status === 200 ? (JSON.parse(text) as { token: string }).token : status;
    };
    return { state, place, tokenOf, metrics, lines };
  }

  it('is made once for all who ask the same without credentials from one address', async () => {
    const { tokenOf, metrics, lines } = await start();
    expect([await tokenOf('a'), await tokenOf('a'), await tokenOf('a')]).toEqual(['1', '1', '1']);
    expect(await tokenOf('b')).toBe('2');
    expect(await tokenOf('a', { 'x-forwarded-for': '192.0.2.1' })).toBe('3');
    expect([await tokenOf('a'), await tokenOf('b')]).toEqual(['1', '2']);
    const { text } = await metrics.render();
    expect(text).toContain('warden_token_requests_total{grant="header",outcome="granted"} 7');
    expect(lines.map(({ route, status, subject }) => ({ route, status, subject }))).toEqual(
      Array.from({ length: 7 }, () => ({ route: 'token', status: 200, subject: '' })),
    );
  });

  it('is made anew in another second, under another policy and with other keys', async () => {
    const { state, tokenOf } = await start();
    expect([await tokenOf('a'), await tokenOf('a')]).toEqual(['1', '1']);
    state.moment = {};
    expect([await tokenOf('a'), await tokenOf('a')]).toEqual(['2', '2']);
  });

  it('is no other’s where somebody logs in, where a token can write, and where the question is long', async () => {
    const { state, tokenOf } = await start();
    const authorization = `Basic ${Buffer.from('alice:secret').toString('base64')}`;
    expect(await tokenOf('a')).toBe('1');
    expect([await tokenOf('a', { authorization }), await tokenOf('a', { authorization })]).toEqual([
      '2',
      '3',
    ]);
    expect(await tokenOf('a', { authorization: 'Bearer x' })).toBe(401);
    expect(await tokenOf('a', { authorization: '' })).toBe(401);
    expect(await tokenOf('a')).toBe('1');
    const many = `&scope=repository:${LONG}:pull`.repeat(10);
    expect([await tokenOf('a', {}, many), await tokenOf('a', {}, many)]).toEqual(['4', '5']);
    state.shared = false;
    expect([await tokenOf('c'), await tokenOf('c')]).toEqual(['6', '7']);
  });

  it('is refused again each time where it was refused', async () => {
    const { place, state } = await start();
    for (const path of ['/token', '/token?service=other', '/token?service=registry.corp&scope=x']) {
      for (const _ of [1, 2]) expect((await ask(place, { path })).status).toBe(400);
    }
    for (const _ of [1, 2]) {
      const path = '/token?service=registry.corp';
      expect((await ask(place, { path, method: 'HEAD' })).status).toBe(405);
    }
    expect(state.made).toBe(0);
  });
});
