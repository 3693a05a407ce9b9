/** What is revoked, from everywhere it is kept, and looked at each second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createRedisRevocations, watchRedisRevocations } from '../revocation/redis-revocations.ts';
import type { Revocation } from '../revocation/revocation.ts';
import { createRevocations, type Revocations } from '../revocation/revocations.ts';
import { createStoredRevocations } from '../revocation/stored-revocations.ts';
import { connectRedis } from '../state/redis.ts';
import type { DocumentStore } from '../store/documents.ts';
import type { Part } from './part.ts';

export interface OpenedRevocations extends Revocations {
  /** Why nothing may be written; undefined while the copy is fresh enough. */
  readonly stale: () => string | undefined;
}

/** Milliseconds between two looks. */
const LOOK_MS = 1_000;
/** In milliseconds: for so long a copy is good enough to write by. */
const FRESH_MS = 30_000;
/** In milliseconds: how long a start waits for the first copy. */
const FIRST_MS = 3_000;
const FIRST_LOOK_MS = 50;
const PURGE_MS = 3_600_000;

export async function openRevocations(
  { log, endings }: Part,
  { documents, redisUrl }: { readonly documents: DocumentStore; readonly redisUrl: string | undefined },
  onLearned: (revocation: Revocation) => void,
): Promise<OpenedRevocations> {
  const redis =
    redisUrl === undefined ? undefined : connectRedis({ url: redisUrl, onProblem: () => undefined });
  if (redis) endings.defer(redis.close);
  const store = createStoredRevocations(documents);
  const shared = redis && createRedisRevocations(redis.client);
  const revocations = createRevocations({
    store,
    shared,
    now: Date.now,
    monotonic: () => performance.now(),
    onLearned,
    onSource(source, failed) {
      if (failed === undefined) log.info({ source }, 'revocations are read again');
      else
        log.warn(
          { source, why: (failed as Error).message },
          'revocations cannot be read; with an old copy pushes are refused',
        );
    },
  });
  if (redis) {
    const subscription = watchRedisRevocations(redis.client, () => void revocations.refresh());
    endings.defer(() => subscription.close());
  }
  const looking = setInterval(() => void revocations.refresh(), LOOK_MS).unref();
  endings.defer(() => clearInterval(looking));
  const purging = setInterval(() => {
    for (const source of [store, shared])
      source
        ?.removeExpired(Date.now())
        .catch((error: unknown) =>
          log.warn({ why: (error as Error).message }, 'expired revocations could not be removed'),
        );
  }, PURGE_MS).unref();
  endings.defer(() => clearInterval(purging));

  const deadline = performance.now() + FIRST_MS;
  // Otherwise every start would warn of a Redis that is only being connected to.
  if (redis) await Promise.race([redis.tried, sleep(FIRST_MS, undefined, { ref: false })]);
  for (await revocations.refresh(); revocations.ageMs() === Infinity && performance.now() < deadline; ) {
    await new Promise((resolve) => setTimeout(resolve, FIRST_LOOK_MS));
    await revocations.refresh();
  }
  return {
    ...revocations,
    stale() {
      if (revocations.ageMs() <= FRESH_MS) return undefined;
      const seconds = FRESH_MS / 1000;
      return `whose logins were ended is not known: ${revocations.oldest()} has not answered for ${seconds} seconds`;
    },
  };
}
