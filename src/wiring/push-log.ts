/** Where the push log is: in a file of this instance, or in the database of all. */
import { hostname } from 'node:os';
import type { LogReader, LogStore } from '../provenance/log-store.ts';
import { openPostgresLog } from '../provenance/postgres-log.ts';
import { postgresLogReader } from '../provenance/postgres-reader.ts';
import { openSqliteLog, openSqliteLogReader } from '../provenance/sqlite-log.ts';
import { systemClock } from '../store/clock.ts';
import type { Databases } from './database.ts';
import type { Part } from './part.ts';
import { ownThread, storeThread } from './store-thread.ts';

export interface PushLog {
  readonly store: LogStore;
  /** Whether it is on another disk than the data folder: that of the database, for its own operators to watch. */
  readonly elsewhere: boolean;
  /** Where several instances write it: the id of this one's lease. */
  readonly instance?: () => string;
  /** Closed by whoever asked for it. @param without what does not work until it is open, for the log. */
  reader(without: string): Promise<LogReader>;
}

/** @throws {StoreError} with one sentence where waiting cannot help. */
export async function openPushLog(part: Part, databases: Databases | undefined): Promise<PushLog> {
  const { settings, endings } = part;
  if (databases === undefined || settings.store === undefined) {
    const folder = settings.data;
    return {
      store: await openSqliteLog(
        { folder },
        (module, options) =>
          storeThread(part, { without: 'pushes are refused, pulls go on', module, options }),
        { clock: systemClock, patienceMs: settings.record.timeoutSeconds * 1000 },
      ),
      elsewhere: false,
      reader: (without) =>
        openSqliteLogReader({ folder }, (module, options) => ownThread(part, { without, module, options })),
    };
  }
  const { leaseSeconds, timeoutSeconds, waitSeconds } = settings.store;
  const store = openPostgresLog({
    postgres: databases.log,
    clock: systemClock,
    name: `${hostname()} ${process.pid}`,
    leaseMs: leaseSeconds * 1000,
    patienceMs: timeoutSeconds * 1000,
    waitMs: waitSeconds * 1000,
  });
  endings.defer(() => store.close());
  return {
    store,
    elsewhere: true,
    instance: store.instance,
    reader: async () => postgresLogReader(databases.shared),
  };
}
