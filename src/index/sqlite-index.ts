/** The index in a SQLite file, in a thread of its own. */
import { startThread, type Thread } from '../store/thread.ts';
import type { IndexOptions } from './open-index-file.ts';
import type { IndexStore } from './record-index.ts';

/** @param thread over index-thread; its owner closes it. */
export function sqliteIndex(thread: Thread): IndexStore {
  return {
    mark: () => thread.call('mark'),
    add: (batch) => thread.call('add', batch),
    finish: () => thread.call('finish'),
    clear: () => thread.call('clear'),
    ask: (name, args) => thread.call('ask', { name, args }),
  };
}

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export function startIndexThread(options: IndexOptions): Promise<Thread> {
  return startThread(new URL('./index-thread', import.meta.url), options);
}
