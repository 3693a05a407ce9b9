import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import type { Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { makeTemp } from '../support/temp.ts';

const OVERALL = 10;
const BY_ADDRESS = 6;

describeNeeding(['docker-registry', 'redis-server'], 'guessing', () => {
  const temp = makeTemp('guessing');
  let redis: RunningRedis;
  let front: Front;

  beforeAll(async () => {
    redis = await startRedis();
    writeFileSync(temp.at('redis'), redis.url, { mode: 0o600 });
    front = await startFront({
      users: ['alice', 'bob'],
      settings: {
        state: { redisUrlFile: temp.at('redis') },
        logins: {
          rememberSeconds: 0,
          failuresPerMinute: { byAddress: BY_ADDRESS, byUserAndAddress: 3, overall: OVERALL },
        },
      },
    });
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await redis?.stop();
    await temp.stop();
  }, 30_000);

  const right = async (from: string): Promise<number> =>
    (await front.askToken({ user: 'alice', from })).status;
  const guess = (user: string, from: string): Promise<Reply> =>
    front.ask({ path: `/token?service=${front.service}`, basic: { user, password: 'wrong' }, from });
  /** From as many addresses, none of which comes near a limit of its own. */
  const flood = (network: number): Promise<readonly Reply[]> =>
    Promise.all(Array.from({ length: OVERALL }, (_, n) => guess('alice', `127.${network}.0.${n + 1}`)));

  it('from everywhere is limited together, and keeps out none but strangers', async () => {
    expect(await right('127.0.0.21')).toBe(200);
    const replies = await flood(1);
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([401]));
    const [known, unknown] = [await guess('alice', '127.2.0.1'), await guess('nobody', '127.2.0.2')];
    expect([known.status, known.text]).toEqual([429, unknown.text]);
    expect(Number(known.headers['retry-after'])).toBeGreaterThan(0);
    expect(await right('127.0.0.22')).toBe(429);
    expect([await right('127.0.0.21'), await right(BUILDER)]).toEqual([200, 200]);
    expect((await front.askToken({ scope: 'repository:pub:pull', from: '127.0.0.22' })).status).toBe(200);
  });

  it('is counted for all instances, and who is familiar is known to all', async () => {
    // What was in memory is gone.
    await front.warden.restart();
    expect(await right('127.0.0.22')).toBe(429);
    expect(await right('127.0.0.21')).toBe(200);
  });

  it('is counted on while Redis is killed, and there again when it is back', async () => {
    await redis.kill();
    expect(await right('127.0.0.22')).toBe(200);
    await flood(3);
    expect(await right('127.0.0.23')).toBe(429);
    expect([await right('127.0.0.21'), await right('127.0.0.22')]).toEqual([200, 200]);
    await redis.restart();
    const connection = await redis.connect();
    // The windows of Redis are empty, and fill again.
    const counted = async (): Promise<number> =>
      (await connection.client.keys('warden:limit:login-overall*')).length;
    let host = 0;
    const again = async (): Promise<number> => {
      await guess('alice', `127.4.0.${++host % 250}`);
      return counted();
    };
    try {
      // Until Warden has found it again.
      await eventually(again, (keys) => keys === 1);
    } finally {
      connection.close();
    }
  });

  it('of refresh tokens is limited by address, and keeps no good one out', async () => {
    const from = '127.0.0.21';
    const given = await front.askToken({
      user: 'alice',
      from,
      more: { offline_token: 'true', client_id: 'x' },
    });
    const { refresh_token: good } = JSON.parse(given.text) as { refresh_token: string };
    const refresh = (token: string): Promise<Reply> =>
      front.ask({
        method: 'POST',
        path: '/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          service: front.service,
          client_id: 'x',
          refresh_token: token,
        }).toString(),
        from,
      });
    expect((await refresh(good)).status).toBe(200);
    const statuses: number[] = [];
    for (let n = 0; n < BY_ADDRESS + 2; n++)
      statuses.push((await refresh(`${good.slice(0, -4)}${n}AAA`)).status);
    expect(statuses.slice(0, BY_ADDRESS)).toEqual(Array(BY_ADDRESS).fill(401));
    expect(statuses.slice(BY_ADDRESS)).toEqual([429, 429]);
    expect((await refresh(good)).status).toBe(200);
  });
});
