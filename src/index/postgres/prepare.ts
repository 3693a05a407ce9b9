/** Makes the tables of this release's index where they are not there, and takes away those that no release uses any more. */
import type { Ask, Postgres } from '../../store/postgres.ts';
import { DATABASE_UNFIT } from '../../store/postgres-failure.ts';
import { StoreError } from '../../store/thread.ts';
import {
  INDEX_SCHEMA,
  POSTGRES_DIGEST_INDEX,
  POSTGRES_INDEX_VERSION,
  POSTGRES_LATE_INDEXES,
  POSTGRES_TABLES,
} from './schema.ts';

/** Serialises those who start at once: the bytes of "Wrdi". */
const LOCK = 0x57726469;
/** An index that nobody used for so long is taken away; who uses it says so more often. */
const UNUSED = "interval '1 day'";

/** @returns whether it cannot be filled: this user may only read. @throws {StoreError} */
export async function prepareIndex(postgres: Postgres): Promise<boolean> {
  const [row] = await postgres.ask<{ writable: boolean | null; readable: boolean | null; may: boolean }>(
    `SELECT has_table_privilege(t.oid, 'UPDATE') AS writable,
       has_table_privilege(t.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AS readable,
       has_database_privilege(current_database(), 'CREATE') AS may
     FROM (VALUES ($1)) AS v (name) LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = v.name
     LEFT JOIN pg_catalog.pg_class t ON t.relnamespace = n.oid AND t.relname = 'progress'`,
    [INDEX_SCHEMA],
  );
  const refuse = (what: string): never => {
    throw new StoreError(`PostgreSQL: ${what}`, DATABASE_UNFIT);
  };
  if (row?.readable === false)
    refuse(
      `this user may not read the index of the record: it needs USAGE of schema ${INDEX_SCHEMA} and SELECT on its tables`,
    );
  if (row?.writable === false) return true;
  if (row?.writable == null && !row?.may)
    refuse(
      `there is no index of the record of this release (schema ${INDEX_SCHEMA}), and this user may not make one: let a Warden of this release, whose user may, be started first`,
    );
  await postgres.transaction(async (ask) => {
    await ask('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    // By a look at the catalogue: what this connection remembers of names is from before it waited for the lock.
    const [now] = await ask<{ there: boolean }>(
      `SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'progress') AS there`,
      [INDEX_SCHEMA],
    );
    if (!now?.there) {
      await ask(`CREATE SCHEMA ${INDEX_SCHEMA}`);
      await ask(`${POSTGRES_TABLES}; ${POSTGRES_DIGEST_INDEX}; ${POSTGRES_LATE_INDEXES}`);
    }
    await use(ask);
  });
  return false;
}

/** Says that this version is used; to be called more often than once in UNUSED. */
export async function tellUse(postgres: Postgres): Promise<void> {
  await postgres.transaction(use);
}

async function use(ask: Ask): Promise<void> {
  await ask(
    `INSERT INTO warden.index_version VALUES ($1, clock_timestamp())
     ON CONFLICT (version) DO UPDATE SET used = excluded.used`,
    [POSTGRES_INDEX_VERSION],
  );
  const unused = await ask<{ version: number }>(
    `DELETE FROM warden.index_version WHERE used < clock_timestamp() - ${UNUSED} RETURNING version`,
  );
  for (const { version } of unused)
    await ask(`DROP SCHEMA IF EXISTS warden_index_${Number(version)} CASCADE`);
}
