import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createMemoryLimit, type Limit } from '../../src/state/limits.ts';
import { connectRedis, type RedisConnection } from '../../src/state/redis.ts';
import { createRedisLimit } from '../../src/state/redis-limit.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { type Child, startChild } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const REFUSED = { ok: false, retryAfterSeconds: expect.any(Number) };

/** What every kind of limit does. */
function itLimits(create: (name: string, points: number, seconds: number) => Limit): void {
  it('lets each key take its points, and then says how long to wait', async () => {
    const limit = create('points', 2, 600);
    expect(await limit.look('a')).toEqual({ ok: true });
    expect(await limit.take('a')).toEqual({ ok: true });
    expect(await limit.look('a')).toEqual({ ok: true });
    expect(await limit.take('a')).toEqual({ ok: true });
    expect(await limit.look('a')).toEqual(REFUSED);
    const refused = await limit.take('a');
    expect(refused).toEqual(REFUSED);
    if (!refused.ok) expect(refused.retryAfterSeconds).toBeGreaterThan(0);
    if (!refused.ok) expect(refused.retryAfterSeconds).toBeLessThanOrEqual(600);
    expect(await limit.take('b')).toEqual({ ok: true });
  });

  it('spends no point by looking', async () => {
    const limit = create('look', 1, 600);
    for (let count = 0; count < 5; count++) expect(await limit.look('a')).toEqual({ ok: true });
    expect(await limit.take('a')).toEqual({ ok: true });
  });

  it('takes back what is given back, and no more than was taken', async () => {
    const limit = create('back', 1, 600);
    await limit.giveBack('a');
    await limit.take('a');
    await limit.giveBack('a');
    await limit.giveBack('a');
    expect(await limit.take('a')).toEqual({ ok: true });
    expect(await limit.take('a')).toEqual(REFUSED);
  });

  it('begins again after its window, however often it was tried meanwhile', async () => {
    const limit = create('window', 1, 1);
    await limit.take('a');
    expect(await limit.take('a')).toEqual(REFUSED);
    const deadline = Date.now() + 10_000;
    while (!(await limit.look('a')).ok) {
      if (Date.now() > deadline) throw new Error('the window never ended');
      await limit.take('a');
      await sleep(100);
    }
    expect(await limit.take('a')).toEqual({ ok: true });
  });

  it('counts long keys, and those with anything in them, apart', async () => {
    const limit = create('keys', 1, 600);
    await limit.take(`${'x'.repeat(10_000)}a`);
    expect(await limit.take(`${'x'.repeat(10_000)}b`)).toEqual({ ok: true });
    expect(await limit.take('a\r\nb')).toEqual({ ok: true });
    expect(await limit.take('a\r\nb')).toEqual(REFUSED);
  });
}

describe('a limit in memory', () => {
  itLimits((name, points, seconds) => createMemoryLimit({ name, points, seconds }));

  it('forgets the oldest key when there are too many', async () => {
    const limit = createMemoryLimit({ name: 'bound', points: 1, seconds: 600, keys: 3 });
    for (const key of ['a', 'b', 'c']) await limit.take(key);
    expect(await limit.look('a')).toEqual(REFUSED);
    await limit.take('d');
    expect(await limit.look('a')).toEqual({ ok: true });
    expect(await limit.look('b')).toEqual(REFUSED);
    expect(await limit.look('d')).toEqual(REFUSED);
  });
});

describeNeeding(['redis-server'], 'a limit in Redis', () => {
  let temp: Temp;
  let port: number;
  let server: Child;
  let connection: RedisConnection;
  const problems: string[] = [];
  let away = 0;

  async function startServer(): Promise<Child> {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--dir', temp.path];
    const child = await startChild('redis-server', args);
    await child.waitForPort(port);
    return child;
  }

  async function ready(what: RedisConnection): Promise<void> {
    const deadline = Date.now() + 15_000;
    while (what.client.status !== 'ready') {
      if (Date.now() > deadline) throw new Error(`Redis is ${what.client.status}`);
      await sleep(20);
    }
  }

  const create = (name: string, points: number, seconds: number, client = connection.client): Limit =>
    createRedisLimit({
      name,
      points,
      seconds,
      client,
      onAway: () => {
        away++;
      },
    });

  beforeAll(async () => {
    temp = makeTemp('redis');
    port = await freePort();
    server = await startServer();
    connection = connectRedis({
      url: `redis://127.0.0.1:${port}`,
      onProblem: (reason) => problems.push(reason),
    });
    await ready(connection);
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
    await temp.stop();
  });

  itLimits((name, points, seconds) => create(name, points, seconds));

  it('is one for all instances', async () => {
    const other = connectRedis({ url: `redis://127.0.0.1:${port}`, onProblem: () => undefined });
    await ready(other);
    const [here, there] = [create('shared', 2, 600), create('shared', 2, 600, other.client)];
    await here.take('a');
    await there.take('a');
    expect(await here.look('a')).toEqual(REFUSED);
    expect(await there.take('a')).toEqual(REFUSED);
    other.close();
  });

  it('keeps no key in clear and each only for its window', async () => {
    await create('clear', 2, 600).take('alice from 10.1.2.3');
    const keys = await connection.client.keys('*clear*');
    expect(keys).toHaveLength(1);
    expect(keys.join()).not.toContain('alice');
    expect(await connection.client.ttl(keys[0] ?? '')).toBeGreaterThan(0);
  });

  it('counts here while the server is away or hangs, and there again afterwards', async () => {
    const limit = create('away', 2, 600);
    await limit.take('a');
    await limit.take('a');
    expect(await limit.look('a')).toEqual(REFUSED);
    expect(away).toBe(0);
    server.signal('SIGSTOP');
    expect(await limit.take('a')).toEqual({ ok: true });
    expect(away).toBeGreaterThan(0);
    server.signal('SIGKILL');
    await server.ended;
    expect(await limit.take('a')).toEqual({ ok: true });
    expect(await limit.take('a')).toEqual(REFUSED);
    await limit.giveBack('a');
    server = await startServer();
    await ready(connection);
    const seen = away;
    expect(await limit.take('b')).toEqual({ ok: true });
    expect(away).toBe(seen);
    expect(problems.every((problem) => /^[A-Za-z_ ]+$/.test(problem))).toBe(true);
  });
});
