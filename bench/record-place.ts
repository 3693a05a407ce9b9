/** Where a measured record is: in the files of a folder, or in a PostgreSQL. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { AUDIT_TABLES, type OpenedAudit, openAudit } from '../src/audit/open-audit.ts';
import type { IndexStore } from '../src/index/index-store.ts';
import { INDEX_SCHEMA } from '../src/index/postgres/schema.ts';
import { sharedIndex, startSharedIndex } from '../src/index/postgres/shared-index.ts';
import { sqliteIndex, startIndexThread } from '../src/index/sqlite/sqlite-index.ts';
import type { LogReader, LogStore } from '../src/provenance/log-store.ts';
import { openPostgresLog } from '../src/provenance/postgres-log.ts';
import { postgresLogReader } from '../src/provenance/postgres-reader.ts';
import { openSqliteLog, openSqliteLogReader } from '../src/provenance/sqlite-log.ts';
import { systemClock } from '../src/store/clock.ts';
import { connectPostgres } from '../src/store/postgres.ts';
import { readDatabase } from '../src/store/postgres-file.ts';
import { fillLog } from './fill-log.ts';
import { fillPostgres } from './fill-postgres.ts';
import type { World } from './record-leaves.ts';

/** What is closed by who opened it. */
type Opened<T> = { readonly it: T; close(): Promise<void> };

export interface RecordPlace {
  /** Up to `size` entries, or as they are. Answers what was added, and seconds. */
  fill(
    world: World,
    size: number,
    onProgress: (done: number) => void,
  ): Promise<{ readonly added: number; readonly seconds: number }>;
  log(): Promise<Opened<LogStore>>;
  reader(): Promise<LogReader>;
  index(): Promise<Opened<IndexStore>>;
  audit(): Promise<OpenedAudit>;
  /** Bytes on disk. */
  sizes(): Promise<{ readonly log: number; readonly index: number }>;
  close(): Promise<void>;
}

export function inFolder(folder: string): RecordPlace {
  return {
    fill: async (world, size, onProgress) => fillLog(folder, world, size, onProgress),
    async log() {
      const it = await openSqliteLog({ folder });
      return { it, close: () => it.close() };
    },
    reader: () => openSqliteLogReader({ folder }),
    async index() {
      const thread = await startIndexThread({ folder });
      return { it: sqliteIndex(thread), close: () => thread.close() };
    },
    audit: () => openAudit(folder),
    async sizes() {
      const [log = 0, index = 0] = ['log.db', 'index.db'].map((name) => statSync(join(folder, name)).size);
      return { log, index };
    },
    close: async () => undefined,
  };
}

const TIMEOUT_MS = 30_000;

/** @param file with one line, as for `store.postgresUrlFile`. @param folder of nothing that is in the database. */
export function inPostgres(file: string, folder: string): RecordPlace {
  const read = readDatabase(file, undefined);
  if (!read.ok) throw new Error(`${read.file}: ${read.reason}`);
  const target = { ...read.database, timeoutMs: TIMEOUT_MS };
  const postgres = connectPostgres({
    ...{ ...target, name: 'warden bench', connections: 4, families: AUDIT_TABLES },
  });
  const reader = postgresLogReader(postgres);
  const times = { leaseMs: 15_000, patienceMs: TIMEOUT_MS, waitMs: 10_000 };
  return {
    async fill(world, size, onProgress) {
      if ((await reader.size()) > 0) return { added: 0, seconds: 0 };
      return { added: size, seconds: await fillPostgres(postgres, world, size, onProgress) };
    },
    async log() {
      const it = openPostgresLog({ ...{ postgres, clock: systemClock, name: 'bench' }, ...times });
      return { it, close: () => it.close() };
    },
    reader: async () => reader,
    async index() {
      const thread = await startSharedIndex({ target });
      return { it: sharedIndex(thread), close: () => thread.close() };
    },
    audit: () => openAudit(folder, postgres),
    async sizes() {
      const [row] = await postgres.ask<{ log: string; index: string }>(
        `SELECT pg_total_relation_size('warden.entry') AS log,
           (SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = $1 AND c.relkind = 'r') AS index`,
        [INDEX_SCHEMA],
      );
      return { log: Number(row?.log), index: Number(row?.index) };
    },
    close: () => postgres.close(),
  };
}
