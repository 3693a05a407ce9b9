/** Reads the record from its files, beside a running server or without one. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { INVENTORY_FILE, type InventoryOptions } from '../inventory/inventory-thread.ts';
import type { IndexOptions } from '../provenance/index-thread.ts';
import { createRecordIndex } from '../provenance/record-index.ts';
import { systemClock } from '../store/clock.ts';
import { startThread } from '../store/thread.ts';
import { type Audit, createAudit } from './audit.ts';

export interface OpenedAudit {
  readonly audit: Audit;
  close(): Promise<void>;
}

/**
 * @param folder of log.db, index.db and inventory.db. The index is filled, so it must be writable.
 * @throws {StoreError} with one sentence that names the file which cannot be read.
 */
export async function openAudit(folder: string): Promise<OpenedAudit> {
  const indexThread = await startThread(new URL('../provenance/index-thread', import.meta.url), {
    folder,
  } satisfies IndexOptions);
  const file = join(folder, INVENTORY_FILE);
  // Before the first pull there is no such file, and a reader does not make one.
  const inventoryThread = existsSync(file)
    ? await startThread(new URL('../inventory/inventory-thread', import.meta.url), {
        file,
        readOnly: true,
      } satisfies InventoryOptions).catch(async (error: unknown) => {
        await indexThread.close();
        throw error;
      })
    : undefined;
  const index = createRecordIndex({ thread: indexThread, clock: systemClock });
  return {
    audit: createAudit({
      index,
      now: systemClock.now,
      inventory: { find: (question) => inventoryThread?.call('find', question) ?? Promise.resolve([]) },
    }),
    async close() {
      await index.close();
      await Promise.all([indexThread.close(), inventoryThread?.close()]);
    },
  };
}
