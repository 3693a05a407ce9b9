/** The push log in a SQLite file of one process, in threads of their own: one writes, any number read beside it. */
import { type Clock, systemClock } from '../store/clock.ts';
import { isConstraint } from '../store/failure-sentence.ts';
import { createPatience } from '../store/patience.ts';
import { DISK_HANGS, StoreError, startThread, type Thread } from '../store/thread.ts';
import type {
  Concluded,
  Ending,
  LastOfTag,
  LogCounters,
  LogReader,
  LogStore,
  OpenIntent,
} from './log-store.ts';
import type { LogOptions } from './log-thread.ts';

export interface SqliteLogTimes {
  readonly clock: Clock;
  /** How long a caller waits for an answer of the disk. */
  readonly patienceMs: number;
}

/** Of commands and tests, which have nobody waiting. */
const NO_HURRY: SqliteLogTimes = { clock: systemClock, patienceMs: 60_000 };

/**
 * @param start how the thread is started: a server does not wait for a disk in trouble.
 * @throws {StoreError} with one sentence when the file cannot be opened, or another process writes it.
 */
export async function openSqliteLog(
  options: LogOptions,
  start: (module: URL, options: unknown) => Promise<Thread> = startThread,
  times: SqliteLogTimes = NO_HURRY,
): Promise<LogStore> {
  return sqliteLog(await start(new URL('./log-thread', import.meta.url), options), times);
}

/**
 * A disk that hangs answers late or never, and nobody waits that long. What happens by itself later, when it does answer:
 * an intent that nobody was told of is taken back, as often as that takes, since its place is held until then (and where the
 * process ended before that, it is settled as any other);
 * a conclusion that was not told stands, and is the answer to whoever concludes that intent again.
 *
 * @param thread over log-thread; closed with the store.
 */
export function sqliteLog(thread: Thread, { clock, patienceMs }: SqliteLogTimes = NO_HURRY): LogStore {
  let taken = false;
  /** Conclusions that were asked for and not told, by intent. */
  const untold = new Map<string, Promise<Concluded>>();
  /** Intents that nobody was told of, and that could not be taken back when it was tried. */
  const notWithdrawn = new Set<string>();
  const patiently = createPatience(
    clock,
    patienceMs,
    () => new StoreError(`its disk has not answered for ${patienceMs / 1000} seconds`, DISK_HANGS),
  );

  async function conclude(id: string, ending: Ending): Promise<Concluded> {
    const before = await untold.get(id)?.catch(() => undefined);
    if (before !== undefined) return before;
    const { index } = await thread.call<{ index: number }>('conclude', { id, added: ending });
    return { index, type: ending.type };
  }

  function withdraw(id: string): void {
    notWithdrawn.delete(id);
    thread.call('withdraw', { id }).catch(() => notWithdrawn.add(id));
  }

  return {
    async intend(intent) {
      const intending = thread.call('intend', intent);
      try {
        await patiently(intending);
        return true;
      } catch (error) {
        if (isConstraint(error)) return false;
        // Rejected already where it failed; else it is late.
        intending.then(() => withdraw(intent.id)).catch(() => undefined);
        throw error;
      }
    },
    async conclude(id, ending) {
      const concluding = conclude(id, ending);
      untold.set(id, concluding);
      const concluded = await patiently(concluding);
      untold.delete(id);
      return concluded;
    },
    append: (record) => patiently(thread.call<{ readonly index: number }>('append', record)),
    appendSurely: (record) => thread.call('append', record),
    begin: (record) => patiently(thread.call('begin', record)),
    lastOf: (repo, tag) => patiently(thread.call<LastOfTag | undefined>('lastOf', { repo, tag })),
    async takeOver() {
      for (const id of [...notWithdrawn]) withdraw(id);
      // One process writes the file, so what is open when it starts is of one that ended, and later nothing is.
      if (taken) return [];
      const intents = await patiently(thread.call<OpenIntent[]>('intents'));
      taken = true;
      return intents;
    },
    counters: () => patiently(thread.call<LogCounters>('counters')),
    probe: () => patiently(thread.call('probe')),
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
