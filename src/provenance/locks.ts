/**
 * One push of a tag at a time within this process: the others wait in the order in which they came.
 *
 * Between processes, and across a crash, the log's open intents exclude the same; this one only spares clients a refusal.
 */
import { RecordBusy } from './record-errors.ts';

/** Keeps the lock until the promise is settled, however it is, also after the work has returned. */
export type Hold = (until: Promise<unknown>) => void;

export interface Locks {
  /**
   * Runs the work alone for this repository and reference, and answers what it answers.
   *
   * @throws {RecordBusy} when too many wait already, or the signal was aborted while waiting.
   */
  withLock<T>(
    repo: string,
    reference: string,
    work: (hold: Hold) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
  /** Takes a lock that nobody can hold yet, for what a crash left open. Returns its release. */
  take(repo: string, reference: string): () => void;
  /** Locks held, for metrics and tests. */
  held(): number;
}

export interface LockLimits {
  /** Waiting for one reference. */
  readonly perReference: number;
  /** Waiting in all. */
  readonly total: number;
}

/** Names from the protocol hold no space, so this is one key for one pair. */
const keyOf = (repo: string, reference: string): string => `${repo} ${reference}`;

export function createLocks(limits: LockLimits = { perReference: 64, total: 10_000 }): Locks {
  const queues = new Map<string, Set<() => void>>();
  let waiting = 0;

  function release(key: string): void {
    const queue = queues.get(key);
    const [next] = queue ?? [];
    if (!next) {
      queues.delete(key);
      return;
    }
    queue?.delete(next);
    waiting--;
    next();
  }

  /** A Set keeps the order of insertion, and one who gives up is taken out in constant time. */
  function enter(repo: string, reference: string, signal: AbortSignal | undefined): Promise<void> {
    const key = keyOf(repo, reference);
    const queue = queues.get(key);
    if (!queue) {
      queues.set(key, new Set());
      return Promise.resolve();
    }
    if (queue.size >= limits.perReference || waiting >= limits.total || signal?.aborted) {
      return Promise.reject(new RecordBusy(repo, reference));
    }
    return new Promise((resolve, reject) => {
      function go(): void {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      }
      function giveUp(): void {
        queue?.delete(go);
        waiting--;
        reject(new RecordBusy(repo, reference));
      }
      queue.add(go);
      waiting++;
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  return {
    async withLock(repo, reference, work, signal) {
      await enter(repo, reference, signal);
      const held: Promise<unknown>[] = [];
      try {
        return await work((until) => held.push(until));
      } finally {
        if (held.length === 0) release(keyOf(repo, reference));
        else void Promise.allSettled(held).then(() => release(keyOf(repo, reference)));
      }
    },
    take(repo, reference) {
      const key = keyOf(repo, reference);
      if (queues.has(key)) throw new Error(`the lock of ${key} is held already`);
      queues.set(key, new Set());
      return () => release(key);
    },
    held: () => queues.size,
  };
}
