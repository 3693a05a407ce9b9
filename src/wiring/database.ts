/** The PostgreSQL that several instances share, where the settings name one. */
import { DECISION_TABLES } from '../history/decision-store.ts';
import { VERSION_TABLES } from '../history/postgres-versions.ts';
import { PULL_TABLES } from '../inventory/postgres-pull-tables.ts';
import { LOG_TABLES } from '../provenance/postgres-log-tables.ts';
import { connectPostgres, type Postgres } from '../store/postgres.ts';
import { DOCUMENT_TABLES } from '../store/postgres-documents.ts';
import { isUnfit } from '../store/postgres-failure.ts';
import type { Database } from '../store/postgres-file.ts';
import { SIGNING_TABLES } from '../transparency/postgres-last-signed.ts';
import type { Part } from './part.ts';

export interface Databases {
  /** For the writing of the push log alone: no question, however slow, keeps a push waiting for a connection. */
  readonly log: Postgres;
  readonly shared: Postgres;
}

/** For the group that is written, the lease, and claims. */
const LOG_CONNECTIONS = 4;
const FAMILIES = [LOG_TABLES, DOCUMENT_TABLES, PULL_TABLES, DECISION_TABLES, VERSION_TABLES, SIGNING_TABLES];

/**
 * @returns undefined where the settings name none. Where it does not answer yet, that is no reason not to start.
 * @throws {StoreError} with one sentence where waiting cannot help.
 */
export async function openDatabases(
  { settings, log, endings }: Part,
  database: Database | undefined,
): Promise<Databases | undefined> {
  const { store } = settings;
  if (store === undefined || database === undefined) return undefined;
  const connect = (name: string, connections: number): Postgres => {
    const postgres = connectPostgres({
      ...database,
      ...{ name: `registry-warden ${name}`, connections, families: FAMILIES },
      timeoutMs: store.timeoutSeconds * 1000,
      onTrouble: (error) => log.warn({ why: error.message }, 'a connection to the database ended'),
    });
    endings.defer(() => postgres.close());
    return postgres;
  };
  const databases = { log: connect('log', LOG_CONNECTIONS), shared: connect('shared', store.connections) };
  await databases.log.ask('SELECT 1').catch((error: unknown) => {
    if (isUnfit(error)) throw error;
    log.error(
      { why: (error as Error).message },
      'until the database answers, pushes are refused; pulls go on',
    );
  });
  return databases;
}
