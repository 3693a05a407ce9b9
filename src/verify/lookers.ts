/** Who looks at the bundles of a log that is verified: threads, as many as the machine runs at once. */
import { availableParallelism } from 'node:os';
import { startThread, type Thread } from '../store/thread.ts';
import type { BundleFacts } from './bundle-facts.ts';
import { createLooker, type Look } from './look.ts';

export interface Lookers {
  /** How many bundles should be under way at once. */
  readonly ahead: number;
  /** @returns undefined for entries that are not there. @throws {Error} with one sentence for a bundle that is none. */
  look(look: Look): Promise<BundleFacts | undefined>;
  close(): Promise<void>;
}

/** For fewer bundles a thread is not worth its start. */
const FEW = 16;
/** More are waiting for whoever goes through the facts in their order. */
const MOST = 8;
/** Bundles of each thread under way: one that it looks at, and those that come next. */
const EACH = 3;
/** Without threads; a server is far away. */
const AHEAD_ALONE = 4;

/** @param bundles how many there will be. */
export async function createLookers(bundles: number): Promise<Lookers> {
  if (bundles < FEW) {
    const looker = createLooker();
    return {
      ahead: AHEAD_ALONE,
      look: async (look) => looker.look(look),
      close: async () => looker.close(),
    };
  }
  const count = Math.min(MOST, availableParallelism());
  const threads = await Promise.all(
    Array.from({ length: count }, () => startThread(new URL('./look-thread', import.meta.url), {})),
  );
  let next = 0;
  return {
    ahead: count * EACH,
    // Bundles are about as long as each other, so in turn is as good as whoever is free.
    look: (look) => (threads[next++ % count] as Thread).call('look', look),
    async close() {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}
