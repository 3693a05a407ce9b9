/** Reads the record from its files, beside a running server or without one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sharedIndex, startSharedIndex } from '../index/postgres/shared-index.ts';
import { createRecordIndex } from '../index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../index/sqlite/sqlite-index.ts';
import { INVENTORY_FILE, type InventoryOptions } from '../inventory/inventory-thread.ts';
import { PULL_TABLES } from '../inventory/postgres-pull-tables.ts';
import { postgresPulls } from '../inventory/postgres-pulls.ts';
import { NO_PULLS, sqlitePulls } from '../inventory/pull-store.ts';
import { LOG_TABLES } from '../provenance/postgres-log-tables.ts';
import { postgresLogReader } from '../provenance/postgres-reader.ts';
import { openSqliteLogReader } from '../provenance/sqlite-log.ts';
import { systemClock } from '../store/clock.ts';
import type { Postgres } from '../store/postgres.ts';
import type { PostgresFamily } from '../store/postgres-schema.ts';
import { startThread } from '../store/thread.ts';
import { type Audit, createAudit } from './audit.ts';

/** What questions are answered from, where it is in a database. */
export const AUDIT_TABLES: readonly PostgresFamily[] = [LOG_TABLES, PULL_TABLES];

export interface OpenedAudit {
  readonly audit: Audit;
  /** What an answer does not cover, in a sentence; undefined where it covers everything. */
  lacking?(): string | undefined;
  close(): Promise<void>;
}

/**
 * @param folder of log.db, index.db and inventory.db. Where the index cannot be written it is read as it is, and where there
 * is none it is made in memory.
 * @param postgres where log, index and inventory are in a database; closed by whoever opened it.
 * @throws {StoreError} with one sentence that names what cannot be read.
 */
export async function openAudit(folder: string, postgres?: Postgres): Promise<OpenedAudit> {
  const opened: { close(): Promise<void> }[] = [];
  async function keep<T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> {
    const one = await opening;
    opened.unshift(one);
    return one;
  }
  const close = async (): Promise<void> => {
    for (const one of opened) await one.close();
  };
  try {
    const log = postgres ? postgresLogReader(postgres) : await keep(openSqliteLogReader({ folder }));
    const store = postgres
      ? sharedIndex(await keep(startSharedIndex({ target: postgres.target })))
      : sqliteIndex(await keep(startIndexThread({ folder, readOnlyIfNeeded: true })));
    const file = join(folder, INVENTORY_FILE);
    // Before the first pull there is no such file, and a reader does not make one.
    const inventoryThread =
      postgres === undefined && existsSync(file)
        ? await keep(
            startThread(new URL('../inventory/inventory-thread', import.meta.url), {
              file,
              readOnly: true,
            } satisfies InventoryOptions),
          )
        : undefined;
    const ofFile = inventoryThread ? sqlitePulls(inventoryThread) : NO_PULLS;
    let lacking: string | undefined;
    const index = createRecordIndex({
      ...{ store, log, clock: systemClock },
      onBehind(covered, size) {
        lacking = `the index cannot be written here, and covers ${covered} of the ${size} entries of the log`;
      },
    });
    opened.unshift(index);
    return {
      audit: createAudit({
        index,
        now: systemClock.now,
        inventory: postgres ? postgresPulls(postgres) : ofFile,
      }),
      lacking: () => lacking,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
