/**
 * Keeps each policy before it decides, so that it can be asked later what was allowed at any time.
 *
 * A policy that cannot be kept decides all the same, since one that takes rights away must not wait for a disk; until it is
 * kept, nothing can be pushed, and it is tried again and again.
 */
import type { Clock } from '../store/clock.ts';
import { failureSentence } from '../store/failure-sentence.ts';
import type { VersionStore } from './version-store.ts';
import type { Entry } from './versions-thread.ts';

export interface PolicyKeeper {
  /** Fulfilled when it is durable, or after a short while when it is not yet. Never rejected. */
  keep(entry: Entry): Promise<void>;
  /** Why a policy that was handed over is not kept; undefined when all are. */
  failing(): string | undefined;
  /** Ends the trying, after one last time. Idempotent. */
  close(): Promise<void>;
}

export interface PolicyKeeperDeps {
  /** Tried again where it fails. Closed after a failure, and in the end. */
  readonly open: () => Promise<Pick<VersionStore, 'enter' | 'close'>>;
  readonly clock: Clock;
  /** After a version is durable: tells the record of it. A failure is tried again like one of the file. */
  readonly announce: (entry: Entry) => Promise<void>;
  /** The first failure after a success, and the success after failures. Must not throw. */
  readonly onFailure: (why: string) => void;
  readonly onKept: () => void;
}

/** Milliseconds that a policy waits for the disk before it decides. */
const PATIENCE_MS = 2_000;
const RETRY_MS = 5_000;

export function createPolicyKeeper({
  open,
  clock,
  announce,
  onFailure,
  onKept,
}: PolicyKeeperDeps): PolicyKeeper {
  const ending = new AbortController();
  const waiting: { readonly entry: Entry; readonly tried: () => void }[] = [];
  let store: Pick<VersionStore, 'enter' | 'close'> | undefined;
  let why: string | undefined;
  let working: Promise<void> | undefined;
  /** Ends the wait before the next try. */
  let wake = new AbortController();

  async function attempt(): Promise<void> {
    try {
      store ??= await open();
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        await store.enter(first.entry);
        await announce(first.entry);
        waiting.shift();
        first.tried();
      }
      if (why !== undefined) onKept();
      why = undefined;
    } catch (error) {
      const sentence = failureSentence('the policy in force cannot be kept', error);
      if (why === undefined) onFailure(sentence);
      why = sentence;
      await closeStore();
      for (const { tried } of waiting) tried();
    }
  }

  async function closeStore(): Promise<void> {
    const open = store;
    store = undefined;
    await open?.close();
  }

  async function work(): Promise<void> {
    await attempt();
    while (waiting.length > 0 && !ending.signal.aborted) {
      await clock.sleep(RETRY_MS, AbortSignal.any([ending.signal, wake.signal]));
      wake = new AbortController();
      await attempt();
    }
    working = undefined;
  }

  return {
    async keep(entry) {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ entry, tried: resolve });
      if (working === undefined) working = work();
      else wake.abort();
      const patience = new AbortController();
      const late = clock.sleep(PATIENCE_MS, patience.signal).then(() => true);
      const waited = await Promise.race([promise.then(() => false), late]);
      patience.abort();
      if (waited && why === undefined) {
        why = 'the policy in force is not kept yet: its disk does not answer';
        onFailure(why);
      }
    },
    failing: () => why ?? (waiting.length > 0 ? 'the policy in force is not kept yet' : undefined),
    async close() {
      ending.abort();
      await working;
      await closeStore();
    },
  };
}
