/** The index in a PostgreSQL that several instances share, asked through a thread of its own. */
import { startThread, type Thread } from '../../store/thread.ts';
import type { IndexStore } from '../index-store.ts';
import type { PostgresIndexOptions } from './index-thread.ts';

/** @param thread over index-thread; its owner closes it. */
export function sharedIndex(thread: Thread): IndexStore {
  return {
    mark: () => thread.call('mark'),
    // It reads the log itself, in the database.
    add: ({ from, limit, size, last }) => thread.call('add', { from, limit, size, last }),
    finish: () => thread.call('finish'),
    clear: (seen) => thread.call('clear', seen),
    ask: (name, args) => thread.call('ask', { name, args }),
  };
}

/** @returns at once; the database is asked with the first question. */
export function startSharedIndex(options: PostgresIndexOptions): Promise<Thread> {
  return startThread(new URL('./index-thread', import.meta.url), options);
}
