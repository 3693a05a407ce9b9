/** The log of the settings: in the files, or in the database that they name. */
import { AUDIT_TABLES } from '../audit/open-audit.ts';
import type { Settings } from '../config/settings.ts';
import { DECISION_TABLES } from '../history/decision-store.ts';
import { VERSION_TABLES } from '../history/postgres-versions.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { postgresLogReader } from '../provenance/postgres-reader.ts';
import { openSqliteLogReader } from '../provenance/sqlite-log.ts';
import { connectPostgres, type Postgres } from '../store/postgres.ts';
import { readDatabase } from '../store/postgres-file.ts';
import { SIGNING_TABLES } from '../transparency/postgres-last-signed.ts';

/** Enough for one command. */
const CONNECTIONS = 2;
const FAMILIES = [...AUDIT_TABLES, DECISION_TABLES, VERSION_TABLES, SIGNING_TABLES];

/** @throws {Error} with one sentence. */
export async function openLogOf(settings: Pick<Settings, 'data' | 'store'>): Promise<LogReader> {
  const postgres = databaseOf(settings);
  if (postgres === undefined) return openSqliteLogReader({ folder: settings.data });
  return { ...postgresLogReader(postgres), close: () => postgres.close() };
}

/** The database of the settings; undefined where all is in files. @throws {Error} with one sentence. */
export function databaseOf({ store }: Pick<Settings, 'store'>): Postgres | undefined {
  if (store === undefined) return undefined;
  const read = readDatabase(store.postgresUrlFile, store.caFile);
  if (!read.ok) throw new Error(`${read.file}: ${read.reason}`);
  return connectPostgres({
    ...read.database,
    ...{ name: 'registry-warden command', connections: CONNECTIONS, families: FAMILIES },
    timeoutMs: store.timeoutSeconds * 1000,
  });
}

/** The database of the settings, if they name one, as long as `work` goes on. @throws {Error} with one sentence. */
export async function withDatabaseOf<T>(
  settings: Pick<Settings, 'store'>,
  work: (postgres: Postgres | undefined) => Promise<T>,
): Promise<T> {
  const postgres = databaseOf(settings);
  try {
    return await work(postgres);
  } finally {
    await postgres?.close();
  }
}
