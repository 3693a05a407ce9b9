/** The tables in PostgreSQL: each family with a version of its own, moved forward step by step when a release needs it. */
import type { ClientBase } from 'pg';
import { DATABASE_UNFIT } from './postgres-failure.ts';
import { StoreError } from './thread.ts';

/** Tables that belong together. */
export interface PostgresFamily {
  /** As in table meta: `log`. */
  readonly name: string;
  /** The statements of each version, from the first. A step that was released is never changed. */
  readonly steps: readonly string[];
}

/** Serialises those who start at once. Any number that nobody else takes: the bytes of "Wrdn". */
const LOCK = 0x5772646e;

/**
 * Brings all families to the version that this release knows, in one transaction.
 *
 * @throws {StoreError} where another release has gone further.
 */
export async function migrate(client: ClientBase, families: readonly PostgresFamily[]): Promise<void> {
  if (await isCurrent(client, families)) return;
  await requireRights(client, families);
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK]);
    await client.query('CREATE SCHEMA IF NOT EXISTS warden');
    await client.query(
      'CREATE TABLE IF NOT EXISTS warden.meta (family text PRIMARY KEY, version integer NOT NULL)',
    );
    for (const family of families) await migrateOne(client, family);
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

async function migrateOne(client: ClientBase, { name, steps }: PostgresFamily): Promise<void> {
  const { rows } = await client.query('SELECT version FROM warden.meta WHERE family = $1', [name]);
  const found = Number(rows[0]?.version ?? 0);
  requireKnown(name, found, steps.length);
  for (const step of steps.slice(found)) await client.query(step);
  await client.query(
    'INSERT INTO warden.meta VALUES ($1, $2) ON CONFLICT (family) DO UPDATE SET version = excluded.version',
    [name, steps.length],
  );
}

/** Without a write, so that a user without the right to make tables can use those that are there. */
async function isCurrent(client: ClientBase, families: readonly PostgresFamily[]): Promise<boolean> {
  const { rows: there } = await client.query("SELECT to_regclass('warden.meta') IS NOT NULL AS there");
  if (!there[0]?.there) return false;
  const { rows } = await client.query<{ family: string; version: number }>(
    'SELECT family, version FROM warden.meta',
  );
  const versions = new Map(rows.map(({ family, version }) => [family, version]));
  for (const { name, steps } of families) requireKnown(name, versions.get(name) ?? 0, steps.length);
  return families.every(({ name, steps }) => versions.get(name) === steps.length);
}

/** @throws {StoreError} where this user may not make the tables, before the server refuses it in words of its own. */
async function requireRights(client: ClientBase, families: readonly PostgresFamily[]): Promise<void> {
  const { rows } = await client.query<{ may: boolean }>(
    `SELECT has_database_privilege(current_database(), 'CREATE')
       AND coalesce(has_schema_privilege(to_regnamespace('warden'), 'CREATE'), true) AS may`,
  );
  if (rows[0]?.may) return;
  const names = families.map(({ name }) => name).join(', ');
  throw new StoreError(
    `PostgreSQL: tables of this release (${names}) are missing, and this user may not make them: let a Warden of this release, whose user may, be started first`,
    DATABASE_UNFIT,
  );
}

function requireKnown(name: string, found: number, known: number): void {
  if (found <= known) return;
  throw new StoreError(
    `PostgreSQL: the tables of warden.${name} have schema version ${found}, this release knows version ${known}: use the release that made them`,
    DATABASE_UNFIT,
  );
}
