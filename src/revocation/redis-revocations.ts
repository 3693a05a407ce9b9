/**
 * Revocations in Redis, so that every instance has them at once: a hash that is read as a whole when its stamp is
 * another, and a channel that says so.
 *
 * The stamp is random and not counted on: a Redis that lost its last writes, or all, never shows a stamp that was
 * seen before with other content.
 */
import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { type Revocation, revocationKey, revocationSchema } from './revocation.ts';
import type { RevocationSource } from './revocations.ts';

const HASH = 'warden:revocations';
const STAMP = 'warden:revocations:stamp';
const CHANNEL = 'warden:revocations:changed';

export function createRedisRevocations(client: Redis): RevocationSource {
  /** Undefined: not read yet. Null: there was none. */
  let seen: string | null | undefined;

  /** @throws {Error} when one of the commands was not carried out. */
  async function transact(transaction: ReturnType<Redis['multi']>): Promise<void> {
    const results = await transaction.exec();
    for (const [error] of results ?? []) if (error) throw error;
    if (results === null) throw new Error('the transaction was not carried out');
  }

  return {
    name: 'Redis',
    async read() {
      const stamp = await client.get(STAMP);
      if (stamp === seen) return undefined;
      const fields = await client.hvals(HASH);
      seen = stamp;
      // What is not of our making is nobody's revocation, and must not keep ours from being read.
      return fields.flatMap((text) => parse(text) ?? []);
    },
    async add(revocation) {
      const stamp = randomUUID();
      await transact(
        client
          .multi()
          .hset(HASH, revocationKey(revocation), JSON.stringify(revocation))
          .set(STAMP, stamp)
          .publish(CHANNEL, stamp),
      );
    },
    async removeExpired(now) {
      const fields = await client.hgetall(HASH);
      const expired = Object.keys(fields).filter((key) => (parse(fields[key] ?? '')?.expiresAt ?? 0) <= now);
      if (expired.length > 0) await client.hdel(HASH, ...expired);
    },
  };
}

function parse(text: string): Revocation | undefined {
  try {
    return revocationSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

export interface Subscription {
  close(): void;
}

/** Calls `changed` whenever an instance has written one. A connection of its own: one that listens takes no commands. */
export function watchRedisRevocations(client: Redis, changed: () => void): Subscription {
  const listener = client.duplicate({
    enableOfflineQueue: true,
    maxRetriesPerRequest: null,
    commandTimeout: undefined,
  });
  // The other connection to the same server tells of its failures.
  listener.on('error', () => undefined);
  listener.on('message', changed);
  listener.subscribe(CHANNEL).catch(() => undefined);
  return { close: () => listener.disconnect() };
}
