/** One log, an index of it in a file, and a PostgreSQL in which indexes of the same log are made. */
import type { World } from '../../../bench/record-leaves.ts';
import type { IndexStore } from '../../../src/index/index-store.ts';
import { sharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { createRecordIndex } from '../../../src/index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../../../src/index/sqlite/sqlite-index.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import { postgresLogReader } from '../../../src/provenance/postgres-reader.ts';
import { openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { makeFolder } from '../../provenance/a-log.ts';
import { type RunningPostgres, startPostgres } from '../../support/postgres.ts';
import { connectTo } from '../../support/postgres-log.ts';
import { appendToFile, copyLog, startIndexAt, type Tables, tablesIn, upTo } from './shared.ts';

export interface TwoIndexes {
  readonly server: RunningPostgres;
  readonly log: LogReader;
  readonly inFile: IndexStore;
  tablesOfFile(): Tables;
  /** A database with the log, and no index. */
  database(): Promise<string>;
  /** @param parts up to which entry it is filled each time, by a process of its own that is cut off but for the last. */
  fill(address: string, parts: readonly number[], bulkFrom?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startTwoIndexes(world: Pick<World, 'record'>, records: number): Promise<TwoIndexes> {
  const endings = new AsyncDisposableStack();
  const folder = makeFolder();
  endings.defer(async () => folder.remove());
  const server = await startPostgres();
  endings.defer(() => server.stop());
  await appendToFile(
    folder.path,
    Array.from({ length: records }, (_, n) => world.record(n)),
  );
  const log = await openSqliteLogReader({ folder: folder.path });
  endings.defer(() => log.close());
  const thread = await startIndexThread({ folder: folder.path });
  endings.defer(() => thread.close());
  const inFile = sqliteIndex(thread);
  await createRecordIndex({ store: inFile, log, clock: systemClock }).catchUp();
  return {
    ...{ server, log, inFile },
    tablesOfFile: () => tablesIn(folder.path),
    async database() {
      const address = await server.database();
      await copyLog(log, address);
      return address;
    },
    async fill(address, parts, bulkFrom) {
      for (const end of parts) {
        const filling = await startIndexAt(address, bulkFrom);
        const postgres = connectTo(address);
        const store = sharedIndex(filling);
        const cutOff = (): Promise<never> => Promise.reject(new Error('cut off'));
        try {
          await createRecordIndex({
            store: { ...store, ...(end < records && { finish: cutOff }) },
            log: upTo(postgresLogReader(postgres), end),
            clock: systemClock,
          }).catchUp();
        } catch (error) {
          if ((error as Error).message !== 'cut off') throw error;
        } finally {
          await filling.close();
          await postgres.close();
        }
      }
    },
    stop: () => endings.disposeAsync(),
  };
}
