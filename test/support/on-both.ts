/** A suite that holds for what is kept in a file, and for the same in PostgreSQL. */
import { afterAll, beforeAll, beforeEach, describe } from '@jest/globals';
import { connectPostgres, type Postgres } from '../../src/store/postgres.ts';
import { parsePostgresAddress } from '../../src/store/postgres-address.ts';
import type { PostgresFamily } from '../../src/store/postgres-schema.ts';
import { describeNeeding } from './needs.ts';
import { type RunningPostgres, startPostgres } from './postgres.ts';

/**
 * @param tables emptied before each test.
 * @param body is given a function that answers the connections, or undefined where all is in files.
 */
export function describeOnBoth(
  title: string,
  { families, tables }: { readonly families: readonly PostgresFamily[]; readonly tables: readonly string[] },
  body: (postgres: () => Postgres | undefined) => void,
): void {
  describe(`${title}, in a file`, () => body(() => undefined));
  describeNeeding(['postgres'], `${title}, in PostgreSQL`, () => {
    let server: RunningPostgres;
    let postgres: Postgres;
    beforeAll(async () => {
      server = await startPostgres();
      postgres = connectTo(await server.database(), families);
    }, 30_000);
    afterAll(async () => {
      await postgres?.close();
      await server?.stop();
    });
    beforeEach(() => postgres.ask(`TRUNCATE ${tables.map((table) => `warden.${table}`).join(', ')}`));
    body(() => postgres);
  });
}

export function connectTo(address: string, families: readonly PostgresFamily[]): Postgres {
  const parsed = parsePostgresAddress(address);
  if (!parsed.ok) throw new Error(parsed.reason);
  return connectPostgres({
    ...{ address: parsed.address, name: 'warden test', connections: 4, timeoutMs: 2_000, families },
  });
}
