/** A push log in a PostgreSQL of the tests, as an instance has it. */
import type { LogStore } from '../../src/provenance/log-store.ts';
import { openPostgresLog } from '../../src/provenance/postgres-log.ts';
import { LOG_TABLES } from '../../src/provenance/postgres-log-tables.ts';
import { systemClock } from '../../src/store/clock.ts';
import { connectPostgres, type Postgres } from '../../src/store/postgres.ts';
import { parsePostgresAddress } from '../../src/store/postgres-address.ts';

export interface LogTimes {
  readonly leaseMs: number;
  readonly patienceMs: number;
  readonly waitMs: number;
}

export interface OpenedLog {
  readonly postgres: Postgres;
  readonly store: LogStore;
  close(): Promise<void>;
}

export function connectTo(address: string, timeoutMs = 2_000): Postgres {
  const parsed = parsePostgresAddress(address);
  if (!parsed.ok) throw new Error(parsed.reason);
  return connectPostgres({
    ...{ address: parsed.address, name: 'warden test', connections: 6, timeoutMs, families: [LOG_TABLES] },
  });
}

export function openLog(address: string, times: Partial<LogTimes> = {}): OpenedLog {
  const postgres = connectTo(address);
  const store = openPostgresLog({
    ...{
      postgres,
      clock: systemClock,
      name: 'test',
      leaseMs: 15_000,
      patienceMs: 1_000,
      waitMs: 1_000,
      ...times,
    },
  });
  return {
    postgres,
    store,
    async close() {
      await store.close();
      await postgres.close();
    },
  };
}
