/**
 * One push of a tag at a time within this process, and none of a repository while a manifest is deleted there, since that
 * takes every tag which shows it: the others wait in the order in which they came.
 *
 * Whoever holds a reference shares its repository; whoever deletes a manifest has the repository alone. The repository
 * comes first and the reference second, and nobody asks for a second pair, so no two wait for each other.
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
  /** Runs the work alone in this repository. @throws {RecordBusy} as withLock. */
  withRepository<T>(repo: string, work: (hold: Hold) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Takes what a crash left open, before anybody can push: a reference, or without one the whole repository. Does not
   * wait, also where both were left open, or somebody waits for the record to be readable. Returns its release.
   */
  take(repo: string, reference: string | undefined): () => void;
  /** Repositories and references that somebody holds, for metrics and tests. */
  held(): number;
}

export interface LockLimits {
  /** Waiting for one reference. */
  readonly perReference: number;
  /** Waiting in all. */
  readonly total: number;
}

interface Gate {
  holders: number;
  /** Of the holders, those who have it alone: more than one only for what a crash left open. */
  alone: number;
  /** A Set keeps the order of insertion, and one who gives up is taken out in constant time. */
  readonly queue: Set<Waiter>;
}

interface Waiter {
  readonly alone: boolean;
  go(): void;
}

interface Wanted {
  readonly repo: string;
  /** Undefined for the repository itself. */
  readonly reference: string | undefined;
  readonly alone: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Names from the protocol hold no space, so this is one key for one repository or pair. */
const keyOf = (repo: string, reference: string | undefined): string =>
  reference === undefined ? repo : `${repo} ${reference}`;

export function createLocks(limits: LockLimits = { perReference: 64, total: 10_000 }): Locks {
  const gates = new Map<string, Gate>();
  let waiting = 0;

  function gateOf(key: string): Gate {
    const gate = gates.get(key) ?? { holders: 0, alone: 0, queue: new Set<Waiter>() };
    gates.set(key, gate);
    return gate;
  }

  function hold(key: string, alone: boolean): () => void {
    const gate = gateOf(key);
    gate.holders++;
    if (alone) gate.alone++;
    return () => {
      gate.holders--;
      if (alone) gate.alone--;
      admit(key, gate);
    };
  }

  function isOpen(gate: Gate, alone: boolean): boolean {
    return gate.holders === 0 || (!alone && gate.alone === 0);
  }

  function admit(key: string, gate: Gate): void {
    for (const waiter of gate.queue) {
      if (!isOpen(gate, waiter.alone)) return;
      gate.queue.delete(waiter);
      waiting--;
      waiter.go();
    }
    if (gate.holders === 0) gates.delete(key);
  }

  function enter({ repo, reference, alone, signal }: Wanted): Promise<() => void> {
    const key = keyOf(repo, reference);
    const gate = gateOf(key);
    if (gate.queue.size === 0 && isOpen(gate, alone)) return Promise.resolve(hold(key, alone));
    const most = reference === undefined ? limits.total : limits.perReference;
    if (gate.queue.size >= most || waiting >= limits.total || signal?.aborted) {
      return Promise.reject(new RecordBusy(repo, reference));
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        alone,
        go() {
          signal?.removeEventListener('abort', giveUp);
          resolve(hold(key, alone));
        },
      };
      function giveUp(): void {
        gate.queue.delete(waiter);
        waiting--;
        reject(new RecordBusy(repo, reference));
        // Those behind one who wanted it alone may share it.
        admit(key, gate);
      }
      gate.queue.add(waiter);
      waiting++;
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  async function working<T>(release: () => void, work: (hold: Hold) => Promise<T>): Promise<T> {
    const held: Promise<unknown>[] = [];
    try {
      return await work((until) => held.push(until));
    } finally {
      if (held.length === 0) release();
      else void Promise.allSettled(held).then(release);
    }
  }

  return {
    async withLock(repo, reference, work, signal) {
      const leave = await enter({ repo, reference: undefined, alone: false, signal });
      let release: () => void;
      try {
        release = await enter({ repo, reference, alone: true, signal });
      } catch (error) {
        leave();
        throw error;
      }
      return working(() => {
        release();
        leave();
      }, work);
    },
    async withRepository(repo, work, signal) {
      return working(await enter({ repo, reference: undefined, alone: true, signal }), work);
    },
    take(repo, reference) {
      if (reference === undefined) return hold(repo, true);
      const key = keyOf(repo, reference);
      const leave = hold(repo, false);
      const release = hold(key, true);
      return () => {
        release();
        leave();
      };
    },
    held: () => gates.size,
  };
}
