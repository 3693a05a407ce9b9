/** Reads the record from its files, beside a running server or without one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createRecordIndex } from '../index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../index/sqlite-index.ts';
import type { PullQuestions } from '../inventory/inventory.ts';
import { INVENTORY_FILE, type InventoryOptions } from '../inventory/inventory-thread.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { openSqliteLogReader } from '../provenance/sqlite-log.ts';
import { systemClock } from '../store/clock.ts';
import { startThread, type Thread } from '../store/thread.ts';
import { type Audit, createAudit } from './audit.ts';

export interface OpenedAudit {
  readonly audit: Audit;
  /** What an answer does not cover, in a sentence; undefined where it covers everything. */
  lacking?(): string | undefined;
  close(): Promise<void>;
}

/**
 * @param folder of log.db, index.db and inventory.db. Where the index cannot be written it is read as it is, and where there
 * is none it is made in memory.
 * @param openLog where the log is elsewhere.
 * @throws {StoreError} with one sentence that names the file which cannot be read.
 */
export async function openAudit(
  folder: string,
  openLog: () => Promise<LogReader> = () => openSqliteLogReader({ folder }),
): Promise<OpenedAudit> {
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
    const log = await keep(openLog());
    const thread = await keep(startIndexThread({ folder, readOnlyIfNeeded: true }));
    const file = join(folder, INVENTORY_FILE);
    // Before the first pull there is no such file, and a reader does not make one.
    const inventoryThread = existsSync(file)
      ? await keep(
          startThread(new URL('../inventory/inventory-thread', import.meta.url), {
            file,
            readOnly: true,
          } satisfies InventoryOptions),
        )
      : undefined;
    let lacking: string | undefined;
    const index = createRecordIndex({
      ...{ store: sqliteIndex(thread), log, clock: systemClock },
      onBehind(covered, size) {
        lacking = `the index cannot be written here, and covers ${covered} of the ${size} entries of the log`;
      },
    });
    opened.unshift(index);
    return {
      audit: createAudit({
        index,
        now: systemClock.now,
        inventory: inventoryOf(inventoryThread),
      }),
      lacking: () => lacking,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param thread undefined where nothing was pulled yet. */
function inventoryOf(thread: Thread | undefined): PullQuestions {
  return {
    find: async (question) => thread?.call('find', question) ?? [],
    series: async (question) => thread?.call('series', question) ?? [],
    ranking: async (question) => thread?.call('ranking', question) ?? [],
  };
}
