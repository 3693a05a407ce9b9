/**
 * Who has succeeded not long ago, so that a limit over all can pass them by. Keys are kept as digests, and only so many:
 * the one that was used longest ago is forgotten first. Only successes are kept, so strangers cannot fill it.
 */
import type { Redis } from 'ioredis';
import { limitKey } from './limits.ts';

export interface Familiar {
  has(key: string): Promise<boolean>;
  add(key: string): Promise<void>;
}

export interface FamiliarOptions {
  /** For how long. */
  readonly seconds: number;
  /** How many in memory. */
  readonly keys?: number;
  /** Milliseconds. */
  readonly now: () => number;
}

const DEFAULT_KEYS = 50_000;

/** Known in this process. */
export function createMemoryFamiliar({ seconds, keys = DEFAULT_KEYS, now }: FamiliarOptions): Familiar {
  /** Digest -> when it is forgotten; in order of use. */
  const until = new Map<string, number>();
  return {
    async has(key) {
      const end = until.get(limitKey(key));
      return end !== undefined && end > now();
    },
    async add(key) {
      const digest = limitKey(key);
      until.delete(digest);
      until.set(digest, now() + seconds * 1000);
      const [oldest] = until.keys();
      if (until.size > keys && oldest !== undefined) until.delete(oldest);
    },
  };
}

export interface RedisFamiliarOptions extends FamiliarOptions {
  readonly client: Redis;
  /** Told whenever Redis did not answer. */
  readonly onAway: () => void;
}

/** How often a success is written again; a fleet logs in all the time. */
const WRITE_AGAIN_SECONDS = 3600;
const PREFIX = 'warden:familiar:';

/** Known to all instances, and to each of them by what it saw itself while Redis does not answer. */
export function createRedisFamiliar(options: RedisFamiliarOptions): Familiar {
  const { client, onAway, seconds } = options;
  const own = createMemoryFamiliar(options);
  const written = createMemoryFamiliar({ ...options, seconds: Math.min(WRITE_AGAIN_SECONDS, seconds) });
  return {
    async has(key) {
      if (await own.has(key)) return true;
      try {
        return (await client.exists(PREFIX + limitKey(key))) === 1;
      } catch {
        onAway();
        return false;
      }
    },
    async add(key) {
      await own.add(key);
      if (await written.has(key)) return;
      try {
        await client.set(PREFIX + limitKey(key), '1', 'EX', seconds);
        await written.add(key);
      } catch {
        onAway();
      }
    },
  };
}
