/** The read side of the record: questions to the index, which is kept filled besides. */
import type { Clock } from '../store/clock.ts';
import type { Thread } from '../store/thread.ts';
import type { KnownImage, RecordAnswer, RecordQuestion } from './index-thread.ts';

export interface RecordIndex {
  /** Sees every entry that was in the log when it was asked. */
  find(question: RecordQuestion): Promise<RecordAnswer>;
  /** Whether the log has an accepted push of exactly this manifest into this repository. */
  accepted(repo: string, digest: string): Promise<boolean>;
  /**
   * The accepted images whose layers are all of the longest chain that any image on record has: at most eight, the latest first.
   *
   * @param chains chain ids, from the longest to the shortest.
   */
  imagesOfChain(chains: readonly string[]): Promise<readonly KnownImage[]>;
  /** @returns how many entries of the log are indexed now. */
  catchUp(): Promise<number>;
  /** Ends the filling. The thread stays open. Idempotent. */
  close(): Promise<void>;
}

export interface RecordIndexDeps {
  /** Over index-thread. */
  readonly thread: Thread;
  readonly clock: Clock;
  /**
   * In a server: fill in this rhythm, in milliseconds, so that a question after a quiet year need not wait for it.
   * A command leaves it out.
   */
  readonly fillEveryMs?: number;
  /** Told why a filling failed. Must not throw. */
  onFailure?(error: unknown): void;
}

export function createRecordIndex({ thread, clock, fillEveryMs, onFailure }: RecordIndexDeps): RecordIndex {
  const ending = new AbortController();
  const filling = fillEveryMs === undefined ? Promise.resolve() : fill(fillEveryMs);

  async function catchUp(): Promise<number> {
    return (await thread.call<{ watermark: number }>('catchUp')).watermark;
  }

  async function fill(everyMs: number): Promise<void> {
    while (!ending.signal.aborted) {
      await catchUp().catch((error: unknown) => onFailure?.(error));
      await clock.sleep(everyMs, ending.signal);
    }
  }

  return {
    accepted: (repo, digest) => thread.call('accepted', { repo, digest }),
    imagesOfChain: (chains) => thread.call('imagesOfChain', { chains }),
    find: (question) => thread.call('find', question),
    catchUp,
    async close() {
      ending.abort();
      await filling;
    },
  };
}
