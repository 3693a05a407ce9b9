/** The index in a SQLite file, in a thread of its own. */
import { startThread, type Thread } from '../../store/thread.ts';
import type { IndexStore } from '../index-store.ts';
import type { IndexBatch } from './index-thread.ts';
import type { IndexOptions } from './open-index-file.ts';

/** @param thread over index-thread; its owner closes it. */
export function sqliteIndex(thread: Thread): IndexStore {
  return {
    mark: () => thread.call('mark'),
    async add({ from, size, last, read }) {
      return thread.call('add', { from, size, last, leaves: await read() } satisfies IndexBatch);
    },
    finish: () => thread.call('finish'),
    clear: (seen) => thread.call('clear', seen),
    ask: (name, args) => thread.call('ask', { name, args }),
  };
}

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export function startIndexThread(options: IndexOptions): Promise<Thread> {
  return startThread(new URL('./index-thread', import.meta.url), options);
}
