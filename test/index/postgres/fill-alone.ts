/** A process that fills the index in a PostgreSQL to its end: `node test/index/postgres/fill-alone.ts ADDRESS BULK-FROM`. */

import { sharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { createRecordIndex } from '../../../src/index/record-index.ts';
import { postgresLogReader } from '../../../src/provenance/postgres-reader.ts';
import { systemClock } from '../../../src/store/clock.ts';
import { connectTo } from '../../support/postgres-log.ts';
import { startIndexAt } from './shared.ts';

const [address = '', bulkFrom = ''] = process.argv.slice(2);
const thread = await startIndexAt(address, Number(bulkFrom));
const postgres = connectTo(address);
process.stdout.write('begins\n');
await createRecordIndex({
  ...{ store: sharedIndex(thread), log: postgresLogReader(postgres), clock: systemClock },
}).catchUp();
await thread.close();
await postgres.close();
process.stdout.write('done\n');
