/** The thread of those who read log.db beside its writer. */
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { entriesOf } from './archived-entries.ts';
import { LOG_CALLED, LOG_FILE, LOG_VERSION, type LogOptions } from './log-thread.ts';

/** Read-only. @throws {Error} with one sentence when there is none, or it is not of this release. */
export function openLogFile({ folder }: LogOptions): DatabaseSync {
  return openDatabase({
    file: join(folder, LOG_FILE),
    called: LOG_CALLED,
    version: LOG_VERSION,
    schema: '',
    synchronous: 'FULL',
    pageSize: 8192,
    readOnly: true,
    timeoutMs: 10_000,
  });
}

export function open(options: LogOptions): Operations {
  const db = openLogFile(options);
  const size = db.prepare('SELECT size FROM head');
  const entries = entriesOf(db);
  return {
    together: oneByOne({
      size: () => Number(size.get()?.['size']),
      entries: ({ from, limit }: { from: number; limit: number }) => entries(from, limit),
    }),
    close: () => db.close(),
  };
}
