import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import { ask } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { makeTemp } from '../support/temp.ts';
import { baseWith, logIn, refreshWith } from './logins.ts';

/** Several processes, and commands before them. */
const SET_UP_MS = 120_000;

describeNeeding(
  ['docker-registry', 'redis-server'],
  'two instances with files of their own, over one Redis',
  () => {
    const temp = makeTemp('instances');
    let redis: RunningRedis;
    let one: Front;
    let other: Front;

    beforeAll(async () => {
      redis = await startRedis();
      const redisUrlFile = temp.at('redis-url');
      writeFileSync(redisUrlFile, redis.url, { mode: 0o600 });
      const shared = { service: 'registry.corp', state: { redisUrlFile } };
      one = await startFront({ users: ['alice', 'bob'], settings: shared });
      const keyFile = join(one.warden.folder, 'keys', 'tokens.pem');
      other = await startFront({ users: ['alice', 'bob'], settings: { ...shared, tokens: { keyFile } } });
    }, SET_UP_MS);
    afterAll(async () => {
      await other?.stop();
      await one?.stop();
      await redis.stop();
      await temp.stop();
    });

    const logInAt = (front: Front, user: 'alice' | 'bob') =>
      logIn(
        {
          ...front,
          service: 'registry.corp',
          askToken: (question) => front.askToken({ service: 'registry.corp', ...question }),
        },
        user,
      );
    const refreshAt = (front: Front, refresh: string) =>
      refreshWith({ ...front, service: 'registry.corp' }, refresh);

    it('start without a warning of a Redis that is there', async () => {
      for (const { warden } of [one, other]) {
        await eventually(
          () => warden.logLines().map(({ msg }) => msg),
          (said) => said.includes('serving'),
        );
        expect(warden.log()).not.toContain('revocations cannot be read');
      }
    });

    it('end a login on both, whichever of them was told, with the sessions that the other keeps', async () => {
      const [here, there] = [await logInAt(one, 'alice'), await logInAt(other, 'alice')];
      const bob = await logInAt(other, 'bob');
      for (const { token } of [here, there]) expect((await baseWith(other, token)).status).toBe(200);
      requireSuccess(await one.warden.cli(['session', 'revoke', '--subject', 'alice']));
      for (const front of [one, other])
        for (const { token } of [here, there])
          await eventually(
            () => baseWith(front, token),
            ({ status }) => status === 401,
          );
      expect((await refreshAt(other, there.refresh)).status).toBe(401);
      expect((await refreshAt(other, bob.refresh)).status).toBe(200);
      // The sessions that only the other one kept are gone, not merely refused.
      await eventually(
        async () => requireSuccess(await other.warden.cli(['session', 'list', '--json'])).stdout,
        (list) => !list.includes('"alice"'),
      );
    });

    it('know what was ended while one of them was away, and after Redis has lost its data', async () => {
      const login = await logInAt(one, 'bob');
      expect((await baseWith(other, login.token)).status).toBe(200);
      await other.warden.kill();
      requireSuccess(await one.warden.cli(['session', 'revoke', '--subject', 'bob']));
      await eventually(
        () => baseWith(one, login.token),
        ({ status }) => status === 401,
      );
      await redis.kill();
      await redis.restart();
      await eventually(
        async () => {
          const { client, close } = await redis.connect();
          const size = await client.hlen('warden:revocations');
          close();
          return size;
        },
        (size) => size > 0,
      );
      await other.warden.restart();
      expect((await baseWith(other, login.token)).status).toBe(401);
    });

    it('say how old their copy is', async () => {
      const { text } = await ask(
        { host: '127.0.0.1', port: Number(new URL(one.warden.operationsUrl).port) },
        { path: '/metrics' },
      );
      expect(Number(/^warden_revocations_age_seconds (\S+)$/m.exec(text)?.[1])).toBeLessThan(30);
    });
  },
);
