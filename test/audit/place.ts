/** Where the record of a suite about questions is: in its folder, or, for the suites that say so, in a PostgreSQL beside it. */
import { createAudit } from '../../src/audit/audit.ts';
import { type OpenedAudit, openAudit } from '../../src/audit/open-audit.ts';
import { sharedIndex } from '../../src/index/postgres/shared-index.ts';
import { createRecordIndex } from '../../src/index/record-index.ts';
import { INVENTORY_FILE } from '../../src/inventory/inventory-thread.ts';
import { sqlitePulls } from '../../src/inventory/pull-store.ts';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { openSqliteLogReader } from '../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../src/store/clock.ts';
import { startThread } from '../../src/store/thread.ts';
import { copyLog, startIndexAt } from '../index/postgres/shared.ts';
import { startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';

/** Set before a suite is imported whose record is to be in PostgreSQL. */
export const PLACE = 'WARDEN_TEST_PLACE';

export const inFiles = process.env[PLACE] !== 'postgres';

export function openHere(folder: string): Promise<OpenedAudit> {
  return inFiles ? openAudit(folder) : openInPostgres(folder);
}

/** Log and index in a database; the pulls are those of the folder. */
async function openInPostgres(folder: string): Promise<OpenedAudit> {
  const endings = new AsyncDisposableStack();
  const server = await startPostgres();
  endings.defer(() => server.stop());
  const address = await server.database();
  const log = await openSqliteLogReader({ folder });
  await copyLog(log, address);
  await log.close();
  const postgres = connectTo(address);
  endings.defer(() => postgres.close());
  const thread = await startIndexAt(address);
  endings.defer(() => thread.close());
  const pulls = await startThread(new URL('../../src/inventory/inventory-thread', import.meta.url), {
    ...{ file: `${folder}/${INVENTORY_FILE}`, readOnly: true },
  });
  endings.defer(() => pulls.close());
  const index = createRecordIndex({
    ...{ store: sharedIndex(thread), log: postgresLogReader(postgres), clock: systemClock },
  });
  return {
    audit: createAudit({ index, inventory: sqlitePulls(pulls), now: systemClock.now }),
    close: () => endings.disposeAsync(),
  };
}
