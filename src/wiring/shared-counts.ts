/** What instances count together: in Redis where there is one, otherwise in the memory of this one. */
import { createMemoryFamiliar, createRedisFamiliar, type Familiar } from '../state/familiar.ts';
import { createMemoryLimit, type Limit, type LimitOptions } from '../state/limits.ts';
import { connectRedis } from '../state/redis.ts';
import { createRedisLimit } from '../state/redis-limit.ts';
import type { Part } from './part.ts';

export interface SharedCounts {
  readonly limitOf: (options: LimitOptions) => Limit;
  /** Who has logged in before, by user and address. */
  readonly familiar: Familiar;
}

/** Milliseconds between two lines that say the same of an absent Redis. */
const TELL_MS = 60_000;
const FAMILIAR_SECONDS = 30 * 86_400;

export function openShared({ log, endings }: Part, redisUrl: string | undefined): SharedCounts {
  const remembering = { seconds: FAMILIAR_SECONDS, now: Date.now };
  if (redisUrl === undefined)
    return { limitOf: createMemoryLimit, familiar: createMemoryFamiliar(remembering) };
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (reason: string): void => {
    if (performance.now() - toldAt < TELL_MS) return;
    toldAt = performance.now();
    log.warn({ reason }, 'Redis is away: failed logins are counted in this process alone');
  };
  const { client, close } = connectRedis({ url: redisUrl, onProblem: tell });
  endings.defer(close);
  const onAway = (): void => tell('a count was not answered');
  return {
    limitOf: (options) => createRedisLimit({ ...options, client, onAway }),
    familiar: createRedisFamiliar({ ...remembering, client, onAway }),
  };
}
