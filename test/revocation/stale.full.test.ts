import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { makeTemp } from '../support/temp.ts';
import { pushWith } from './logins.ts';

/** Longer than a copy is good for, and the looks around it. */
const LONG_MS = 90_000;
const SCOPE = 'repository:team/app:pull,push';

/** Several processes, and commands before them. */
const SET_UP_MS = 120_000;

describeNeeding(['docker-registry', 'redis-server'], 'while Redis does not answer', () => {
  const temp = makeTemp('stale');
  let redis: RunningRedis;
  let front: Front;
  beforeAll(async () => {
    redis = await startRedis();
    const redisUrlFile = temp.at('redis-url');
    writeFileSync(redisUrlFile, redis.url, { mode: 0o600 });
    front = await startFront({ users: ['alice'], settings: { state: { redisUrlFile } } });
  }, SET_UP_MS);
  afterAll(async () => {
    await front?.stop();
    await redis.stop();
    await temp.stop();
  });

  it.each<['SIGSTOP' | 'SIGKILL', string]>([
    ['SIGSTOP', 'hangs'],
    ['SIGKILL', 'is gone'],
  ])(
    '(%s: it %s) pushes stop with a sentence, pulls and logins go on, and all recovers',
    async (signal) => {
      const token = await front.token({ user: 'alice', scope: SCOPE });
      expect((await pushWith(front, token)).status).toBe(202);
      expect((await front.operations('/readyz/push')).status).toBe(200);
      redis.signal(signal);
      const refused = await eventually(
        () => pushWith(front, token),
        ({ status }) => status !== 202,
        LONG_MS,
      );
      expect([refused.status, refused.error]).toEqual([
        403,
        {
          code: 'DENIED',
          message: 'pushes are paused: it cannot be told whose logins were ended; pulls go on',
        },
      ]);
      const ready = await front.operations('/readyz/push');
      expect([ready.status, ready.text]).toEqual([503, expect.stringContaining('Redis has not answered')]);
      expect((await front.operations('/readyz')).status).toBe(200);
      const fresh = await front.token({ user: 'alice', scope: SCOPE });
      const pull = await front.ask({ path: '/v2/team/app/manifests/none', token: fresh });
      expect(pull.status).toBe(404);
      if (signal === 'SIGSTOP') redis.signal('SIGCONT');
      else {
        await redis.kill();
        await redis.restart();
      }
      await eventually(
        () => pushWith(front, fresh),
        ({ status }) => status === 202,
        LONG_MS,
      );
      expect((await front.operations('/readyz/push')).status).toBe(200);
    },
    4 * LONG_MS,
  );
});
