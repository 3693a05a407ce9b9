/** Opens the record of pushes, the inventory of pulls and their index, each in a thread of its own. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Audit, createAudit } from '../audit/audit.ts';
import type { IndexStore } from '../index/index-store.ts';
import { sharedIndex, startSharedIndex } from '../index/postgres/shared-index.ts';
import { createRecordIndex, type RecordIndex } from '../index/record-index.ts';
import type { IndexOptions } from '../index/sqlite/open-index-file.ts';
import { sqliteIndex } from '../index/sqlite/sqlite-index.ts';
import { createInventory, type Inventory } from '../inventory/inventory.ts';
import { INVENTORY_FILE, type InventoryOptions } from '../inventory/inventory-thread.ts';
import { postgresPulls } from '../inventory/postgres-pulls.ts';
import { type PullStore, sqlitePulls } from '../inventory/pull-store.ts';
import type { DiskForecast } from '../provenance/disk-forecast.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { createRecorder, type Recorder } from '../provenance/recorder.ts';

import { systemClock } from '../store/clock.ts';
import type { Databases } from './database.ts';
import { watchDisk } from './disk.ts';
import type { Part } from './part.ts';
import type { PushLog } from './push-log.ts';
import { storeThread } from './store-thread.ts';

export interface OpenedRecord {
  readonly disk: DiskForecast;
  readonly recorder: Recorder;
  readonly reader: LogReader;
  readonly inventory: Inventory;
  readonly audit: Audit;
  /** Whether a push of exactly this manifest was accepted. */
  readonly isRecorded: (repository: string, digest: string) => Promise<boolean>;
  readonly imagesOfChain: RecordIndex['imagesOfChain'];
  readonly stateOf: RecordIndex['stateOf'];
  readonly entryOf: RecordIndex['entryOf'];
}

/** Milliseconds between two fillings of the index while nobody asks. */
const INDEX_MS = 1_000;

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export async function openRecord(
  part: Part,
  pushLog: PushLog,
  databases: Databases | undefined,
): Promise<OpenedRecord> {
  const { log, version, endings } = part;
  const clock = systemClock;

  const disk = watchDisk(part);
  const recorder = await createRecorder({
    store: pushLog.store,
    clock,
    random: (size) => randomBytes(size),
    instance: hostname(),
    version,
    freeBytes: async () => {
      if (!pushLog.elsewhere) return await disk.read();
      // What else is in the data folder stops no push: neither a full disk, nor one that nothing was written to yet.
      await disk.read().catch(() => undefined);
      return Number.POSITIVE_INFINITY;
    },
    minimumFreeBytes: disk.minimumFreeBytes,
    onHealth: (health) => {
      if (health.writable) log.info('the push record can be written');
      else
        log.error({ why: health.why }, 'the push record cannot be written: pushes are refused, pulls go on');
    },
    onFailure: (error) => log.error({ err: error }, 'what another instance left open could not be settled'),
  });
  endings.defer(() => recorder.close());
  const inventory = createInventory({
    store: await openPulls(part, databases),
    clock,
    onFailure: (error) =>
      log.warn({ err: error }, 'the inventory of pulls cannot be written; it is kept in memory'),
  });
  endings.defer(() => inventory.close());
  const without = 'no questions about the record are answered';
  const reader = await pushLog.reader(without);
  endings.defer(() => reader.close());
  const index = createRecordIndex({
    store: await openIndex(part, databases, without),
    log: reader,
    clock,
    fillEveryMs: INDEX_MS,
    onFailure: (error) =>
      log.warn({ err: error }, 'the index of the record cannot be filled; it will catch up'),
  });
  endings.defer(() => index.close());
  return {
    reader,
    disk: disk.forecast,
    recorder,
    inventory,
    audit: createAudit({ index, inventory, now: clock.now }),
    isRecorded: index.accepted,
    imagesOfChain: index.imagesOfChain,
    stateOf: index.stateOf,
    entryOf: index.entryOf,
  };
}

async function openPulls(part: Part, databases: Databases | undefined): Promise<PullStore> {
  if (databases) return postgresPulls(databases.shared);
  const thread = await storeThread(part, {
    without: 'pulls are counted in memory only',
    module: new URL('../inventory/inventory-thread', import.meta.url),
    options: { file: join(part.settings.data, INVENTORY_FILE) } satisfies InventoryOptions,
  });
  return sqlitePulls(thread);
}

/** @param without what does not work until it is open, for the log. */
async function openIndex(part: Part, databases: Databases | undefined, without: string): Promise<IndexStore> {
  if (databases) {
    const thread = await startSharedIndex({ target: databases.shared.target });
    part.endings.defer(() => thread.close());
    return sharedIndex(thread);
  }
  const thread = await storeThread(part, {
    without,
    module: new URL('../index/sqlite/index-thread', import.meta.url),
    options: { folder: part.settings.data } satisfies IndexOptions,
  });
  return sqliteIndex(thread);
}
