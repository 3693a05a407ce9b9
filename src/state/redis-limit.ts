/** A limit that several instances count together. */
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import {
  type Allowance,
  asCount,
  createMemoryLimit,
  type Limit,
  type LimitOptions,
  limitKey,
  refuse,
} from './limits.ts';

export interface RedisLimitOptions extends LimitOptions {
  readonly client: Redis;
  /** Told whenever a count had to be made in this process instead. */
  readonly onAway: () => void;
}

/**
 * Counts in Redis, and in this process while Redis does not answer: logins go on, and each instance then allows what
 * one alone would.
 */
export function createRedisLimit(options: RedisLimitOptions): Limit {
  const { name, points, seconds, client, onAway } = options;
  const shared = new RateLimiterRedis({
    storeClient: client,
    keyPrefix: `warden:limit:${name}`,
    points,
    duration: seconds,
    rejectIfRedisNotReady: true,
  });
  const own = createMemoryLimit(options);

  async function inShared<T>(work: () => Promise<T>, otherwise: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch {
      // A refusal does not come here; what does is Redis being away, late or out of its senses.
      onAway();
      return await otherwise();
    }
  }

  return {
    look: (text) =>
      inShared<Allowance>(
        async () => {
          const count = await shared.get(limitKey(text));
          return count && count.consumedPoints >= points && count.msBeforeNext > 0
            ? refuse(count)
            : { ok: true };
        },
        () => own.look(text),
      ),
    take: (text) =>
      inShared<Allowance>(
        async () => {
          try {
            await shared.consume(limitKey(text));
            return { ok: true };
          } catch (thrown) {
            const count = asCount(thrown);
            if (count) return refuse(count);
            throw thrown;
          }
        },
        () => own.take(text),
      ),
    giveBack: (text) =>
      inShared(
        async () => {
          const key = limitKey(text);
          const count = await shared.get(key);
          if (count && count.consumedPoints > 0) await shared.reward(key);
        },
        () => own.giveBack(text),
      ),
  };
}
