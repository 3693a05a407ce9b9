import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createRedisRevocations, watchRedisRevocations } from '../../src/revocation/redis-revocations.ts';
import type { Revocable, Revocation } from '../../src/revocation/revocation.ts';
import { createRevocations, type Revocations } from '../../src/revocation/revocations.ts';
import { createStoredRevocations } from '../../src/revocation/stored-revocations.ts';
import type { RedisConnection } from '../../src/state/redis.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';
import { eventually } from '../gate/eventually.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningRedis, startRedis } from '../support/redis.ts';
import { makeTemp } from '../support/temp.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const temp = makeTemp('revocations');
let turn = 0;
const clock = { ms: NOW, monotonic: 0 };
const endings: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
  clock.ms = NOW;
  clock.monotonic = 0;
});
afterAll(() => temp.stop());

interface Instance extends Revocations {
  readonly file: string;
  readonly learned: Revocation[];
  readonly told: [source: string, failed: boolean][];
}

/** As an instance has them: over files of its own, and a Redis where there is one. */
async function anInstance(
  redis?: RedisConnection,
  file = temp.at(`${turn++}`, 'credentials.db'),
): Promise<Instance> {
  const store = await openSqliteDocuments({ file });
  endings.push(() => store.close());
  const learned: Revocation[] = [];
  const told: [string, boolean][] = [];
  const revocations = createRevocations({
    store: createStoredRevocations(store),
    shared: redis && createRedisRevocations(redis.client),
    now: () => clock.ms,
    monotonic: () => clock.monotonic,
    onLearned: (revocation) => learned.push(revocation),
    onSource: (source, failed) => told.push([source, failed !== undefined]),
  });
  await revocations.refresh();
  return { ...revocations, file, learned, told };
}

function aToken(changes: Partial<Revocable> = {}): Revocable {
  return { subject: { name: 'alice' }, jti: 'j1', via: {}, authenticatedAt: NOW / 1000, ...changes };
}

const ALICE: Revocation = { kind: 'subject', id: 'alice', until: NOW, expiresAt: NOW + HOUR };

describe('a revocation', () => {
  it.each<[Revocation, Revocable, boolean]>([
    [ALICE, aToken(), true],
    [ALICE, aToken({ authenticatedAt: NOW / 1000 + 1 }), false],
    [ALICE, aToken({ subject: { name: 'bob' } }), false],
    [ALICE, aToken({ subject: { name: '' } }), false],
    [{ kind: 'token', id: 'j1', expiresAt: NOW + HOUR }, aToken(), true],
    [{ kind: 'token', id: 'j1', expiresAt: NOW + HOUR }, aToken({ jti: 'j2' }), false],
    [{ kind: 'session', id: 's1', expiresAt: NOW + HOUR }, aToken({ via: { session: 's1' } }), true],
    [{ kind: 'session', id: 's1', expiresAt: NOW + HOUR }, aToken({ via: { session: 's2' } }), false],
    [{ kind: 'session', id: 's1', expiresAt: NOW + HOUR }, aToken({ via: { robot: 's1' } }), false],
    [{ kind: 'grant', id: 'g1', expiresAt: NOW + HOUR }, aToken({ via: { grant: 'g1' } }), true],
    [{ kind: 'robot', id: 'r1', expiresAt: NOW + HOUR }, aToken({ via: { robot: 'r1' } }), true],
    [{ ...ALICE, kind: 'robot' }, aToken({ via: { robot: 'r1' } }), true],
    [{ ...ALICE, kind: 'robot' }, aToken(), false],
    [{ kind: 'subject', id: 'j1', expiresAt: NOW + HOUR }, aToken(), false],
  ])('%j of %j: %s', async (revocation, token, revoked) => {
    const one = await anInstance();
    expect(one.revokes(token)).toBe(false);
    await one.revoke(revocation);
    expect(one.revokes(token)).toBe(revoked);
  });

  it('outlasts a restart, and ends when nothing can be about that it speaks of', async () => {
    const one = await anInstance();
    await one.revoke(ALICE);
    const again = await anInstance(undefined, one.file);
    expect(again.revokes(aToken())).toBe(true);
    expect(again.learned).toEqual([ALICE]);
    clock.ms = NOW + HOUR;
    expect(again.revokes(aToken())).toBe(false);
    expect((await anInstance(undefined, one.file)).learned).toEqual([]);
  });

  it('is in force again when a clock that jumped ahead comes back', async () => {
    const one = await anInstance();
    await one.revoke(ALICE);
    clock.ms = NOW + 30 * HOUR;
    clock.monotonic = 1000;
    await one.refresh();
    expect(one.revokes(aToken())).toBe(false);
    clock.ms = NOW + 1000;
    await one.refresh();
    expect(one.revokes(aToken())).toBe(true);
    clock.ms = clock.monotonic = NOW + 2 * HOUR;
    await one.refresh();
    expect(one.revokes(aToken())).toBe(false);
  });

  it('by another process on the same files is in force at the next look, and told of once', async () => {
    const one = await anInstance();
    const other = await anInstance(undefined, one.file);
    await other.revoke(ALICE);
    expect(one.revokes(aToken())).toBe(false);
    await one.refresh();
    await one.refresh();
    expect(one.revokes(aToken())).toBe(true);
    expect(one.learned).toEqual([ALICE]);
  });

  it('never becomes less by another of the same name', async () => {
    const one = await anInstance();
    const later = { ...ALICE, until: NOW + 5000, expiresAt: NOW + 2 * HOUR };
    await one.revoke(later);
    await one.revoke(ALICE);
    await one.revoke({ kind: 'robot', id: 'r1', expiresAt: NOW + HOUR });
    await one.revoke({ kind: 'robot', id: 'r1', until: NOW, expiresAt: NOW + HOUR });
    for (const instance of [one, await anInstance(undefined, one.file)]) {
      expect(instance.revokes(aToken({ authenticatedAt: NOW / 1000 + 5 }))).toBe(true);
      expect(instance.revokes(aToken({ via: { robot: 'r1' }, authenticatedAt: NOW / 1000 + 9 }))).toBe(true);
    }
    clock.ms = NOW + 2 * HOUR - 1;
    expect(one.revokes(aToken())).toBe(true);
  });
});

describe('the copy in memory', () => {
  it('has the age of its last good look', async () => {
    const one = await anInstance();
    expect([one.ageMs(), one.oldest()]).toEqual([0, 'the store']);
    clock.monotonic = 31_000;
    expect(one.ageMs()).toBe(31_000);
    await one.refresh();
    expect(one.ageMs()).toBe(0);
  });
});

describeNeeding(['redis-server'], 'revocations that several instances share through Redis', () => {
  let redis: RunningRedis;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(async () => {
    const { client, close } = await redis.connect();
    await client.flushall();
    close();
  });
  afterAll(() => redis.stop());

  async function connect(): Promise<RedisConnection> {
    const connection = await redis.connect();
    endings.push(connection.close);
    return connection;
  }

  it('reach an instance with files of its own as soon as they are made, and are durable there too', async () => {
    const [here, there] = [await connect(), await connect()];
    const one = await anInstance(here);
    const other = await anInstance(there);
    const watching = watchRedisRevocations(there.client, () => void other.refresh());
    endings.push(() => watching.close());
    // Until the subscription stands nobody hears of it; a revocation each time, as an operator would try again.
    await eventually(
      async () => {
        clock.ms += 1;
        await one.revoke({ ...ALICE, until: clock.ms });
        return other.revokes(aToken());
      },
      (revoked) => revoked,
    );
    await other.refresh();
    expect((await anInstance(undefined, other.file)).revokes(aToken())).toBe(true);
  });

  it('come back from the instances when Redis has lost its data, also to one that never knew them', async () => {
    const one = await anInstance(await connect());
    await one.revoke(ALICE);
    await redis.kill();
    await one.refresh();
    expect(one.revokes(aToken())).toBe(true);
    await one.revoke({ ...ALICE, id: 'bob' });
    await redis.restart();
    const probe = await connect();
    expect(await probe.client.dbsize()).toBe(0);
    await eventually(
      async () => {
        await one.refresh();
        return one.told.at(-1);
      },
      (told) => told?.[1] === false,
    );
    expect(one.told).toEqual([
      ['Redis', true],
      ['Redis', false],
    ]);
    const stranger = await anInstance(probe);
    expect(stranger.revokes(aToken())).toBe(true);
    expect(stranger.revokes(aToken({ subject: { name: 'bob' } }))).toBe(true);
  });

  it.each<['SIGSTOP' | 'SIGKILL', string]>([
    ['SIGSTOP', 'hangs'],
    ['SIGKILL', 'is gone'],
  ])('%s: grow old while Redis %s, and are fresh again by themselves', async (signal) => {
    const one = await anInstance(await connect());
    expect(one.ageMs()).toBe(0);
    redis.signal(signal);
    clock.monotonic = 31_000;
    await one.refresh();
    expect([one.ageMs(), one.oldest()]).toEqual([31_000, 'Redis']);
    if (signal === 'SIGSTOP') redis.signal('SIGCONT');
    else {
      await redis.kill();
      await redis.restart();
    }
    await eventually(
      async () => {
        await one.refresh();
        return one.ageMs();
      },
      (age) => age === 0,
    );
  });

  it('are never fresh while Redis has not answered once', async () => {
    redis.signal('SIGSTOP');
    try {
      const connection = await redisAway();
      endings.push(connection.close);
      const one = await anInstance(connection);
      expect([one.ageMs(), one.oldest()]).toEqual([Infinity, 'Redis']);
    } finally {
      redis.signal('SIGCONT');
    }
  });

  /** A connection to a server that accepts, and says nothing. */
  async function redisAway(): Promise<RedisConnection> {
    const { connectRedis } = await import('../../src/state/redis.ts');
    return connectRedis({ url: redis.url, onProblem: () => undefined });
  }

  it('are not lost to what strangers write there', async () => {
    const connection = await connect();
    const one = await anInstance(connection);
    await one.revoke(ALICE);
    await connection.client.hset('warden:revocations', 'junk', 'no JSON', 'more', '{"kind":"all"}');
    await connection.client.hdel('warden:revocations', 'subject:alice');
    await connection.client.set('warden:revocations:stamp', 'another');
    await one.refresh();
    expect(one.revokes(aToken())).toBe(true);
    expect(await connection.client.hexists('warden:revocations', 'subject:alice')).toBe(1);
    expect(one.told).toEqual([]);
  });

  it('leave Redis when they have expired', async () => {
    const connection = await connect();
    const shared = createRedisRevocations(connection.client);
    await shared.add(ALICE);
    await shared.add({ ...ALICE, id: 'bob', expiresAt: NOW + 1 });
    await shared.removeExpired(NOW + 1);
    expect(await connection.client.hkeys('warden:revocations')).toEqual(['subject:alice']);
  });
});
