/** The locks of this process with those of all: first among its own, so that one claim at a time is asked for. */
import type { Locks } from './locks.ts';
import type { Claims } from './log-store.ts';

export function createSharedLocks(own: Locks, claims: Claims): Locks {
  type Work<T> = Parameters<typeof own.withLock<T>>[2];

  function claiming<T>(
    repo: string,
    reference: string | undefined,
    work: Work<T>,
    signal: AbortSignal | undefined,
  ): Work<T> {
    return async (hold) => {
      const giveBack = await claims.acquire(repo, reference, signal);
      const held: Promise<unknown>[] = [];
      try {
        return await work((until) => held.push(until));
      } finally {
        // The next of this process enters when it is given back, or would find it claimed still.
        hold(Promise.allSettled(held).then(giveBack));
      }
    };
  }

  return {
    ...own,
    withLock: (repo, reference, work, signal) =>
      own.withLock(repo, reference, claiming(repo, reference, work, signal), signal),
    withRepository: (repo, work, signal) =>
      own.withRepository(repo, claiming(repo, undefined, work, signal), signal),
  };
}
