/** The log of the settings: in the files, or in the database that they name. */
import type { Settings } from '../config/settings.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { postgresLogReader } from '../provenance/postgres-log.ts';
import { LOG_TABLES } from '../provenance/postgres-log-tables.ts';
import { openSqliteLogReader } from '../provenance/sqlite-log.ts';
import { connectPostgres, type Postgres } from '../store/postgres.ts';
import { readDatabase } from '../store/postgres-file.ts';

/** Enough for one command. */
const CONNECTIONS = 2;

/** @throws {Error} with one sentence. */
export async function openLogOf(settings: Pick<Settings, 'data' | 'store'>): Promise<LogReader> {
  const postgres = databaseOf(settings);
  if (postgres === undefined) return openSqliteLogReader({ folder: settings.data });
  return { ...postgresLogReader(postgres), close: () => postgres.close() };
}

/** @returns undefined where the log is in files. @throws {Error} with one sentence. */
export function databaseOf({ store }: Pick<Settings, 'store'>): Postgres | undefined {
  if (store === undefined) return undefined;
  const read = readDatabase(store.postgresUrlFile, store.caFile);
  if (!read.ok) throw new Error(`${read.file}: ${read.reason}`);
  return connectPostgres({
    ...read.database,
    ...{ name: 'registry-warden command', connections: CONNECTIONS, families: [LOG_TABLES] },
    timeoutMs: store.timeoutSeconds * 1000,
  });
}
