/** The push log in a SQLite file of one process, in threads of their own: one writes, any number read beside it. */
import { isConstraint } from '../store/failure-sentence.ts';
import { startThread, type Thread } from '../store/thread.ts';
import type { LastOfTag, LogCounters, LogReader, LogStore, OpenIntent } from './log-store.ts';
import type { LogOptions } from './log-thread.ts';

/**
 * @param start how the thread is started: a server does not wait for a disk in trouble.
 * @throws {StoreError} with one sentence when the file cannot be opened, or another process writes it.
 */
export async function openSqliteLog(
  options: LogOptions,
  start: (module: URL, options: unknown) => Promise<Thread> = startThread,
): Promise<LogStore> {
  return sqliteLog(await start(new URL('./log-thread', import.meta.url), options));
}

/** @param thread over log-thread; closed with the store. */
export function sqliteLog(thread: Thread): LogStore {
  let taken = false;
  return {
    async intend(intent) {
      try {
        await thread.call('intend', intent);
        return true;
      } catch (error) {
        if (isConstraint(error)) return false;
        throw error;
      }
    },
    async conclude(id, ending) {
      const { index } = await thread.call<{ index: number }>('conclude', { id, added: ending });
      return { index, type: ending.type };
    },
    append: (record) => thread.call('append', record),
    appendSurely: (record) => thread.call('append', record),
    begin: (record) => thread.call('begin', record),
    lastOf: (repo, tag) => thread.call<LastOfTag | undefined>('lastOf', { repo, tag }),
    async takeOver() {
      // One process writes the file, so what is open when it starts is of one that ended, and later nothing is.
      if (taken) return [];
      const intents = await thread.call<OpenIntent[]>('intents');
      taken = true;
      return intents;
    },
    counters: () => thread.call<LogCounters>('counters'),
    probe: () => thread.call('probe'),
    close: () => thread.close(),
  };
}

/**
 * Reads log.db beside whoever writes it.
 *
 * @param start as of {@link openSqliteLog}.
 * @throws {StoreError} with one sentence when it cannot be read.
 */
export async function openSqliteLogReader(
  options: LogOptions,
  start: (module: URL, options: unknown) => Promise<Thread> = startThread,
): Promise<LogReader> {
  const thread = await start(new URL('./log-reader-thread', import.meta.url), options);
  return {
    size: () => thread.call<number>('size'),
    entries: (from, limit) => thread.call<Uint8Array[]>('entries', { from, limit }),
    close: () => thread.close(),
  };
}
