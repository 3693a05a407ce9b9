/** Two Wardens with one record, in a PostgreSQL of their own. */
import { writeFileSync } from 'node:fs';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { type Front, type FrontOptions, startFront } from '../gate/front.ts';
import type { Place } from '../gate/wire.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import type { Temp } from '../support/temp.ts';
import type { Leaf } from './read-log.ts';

export interface Pair {
  readonly server: RunningPostgres;
  readonly front: Front;
  readonly second: SecondWarden;
  readonly secondPlace: Place;
  /** The whole log, in its order. */
  leaves(): Promise<readonly Leaf[]>;
  openIntents(): Promise<number>;
  sql(statement: string): Promise<string>;
  stop(): Promise<void>;
}

/** Those who die are given up after three seconds. @param temp of whoever calls, and removed by them. */
export async function startPair(temp: Temp, env: FrontOptions['env'] = {}): Promise<Pair> {
  const started = new AsyncDisposableStack();
  try {
    const server = await startPostgres();
    started.defer(() => server.stop());
    const address = await server.database();
    writeFileSync(temp.at('database'), `${address}\n`, { mode: 0o600 });
    const front = await startFront({
      users: ['alice'],
      settings: {
        record: { settleSeconds: 1 },
        tokens: { lifetimeSeconds: 3600 },
        store: { postgresUrlFile: temp.at('database'), leaseSeconds: 3, timeoutSeconds: 2 },
      },
      env,
    });
    started.defer(() => front.stop());
    const second = await startSecondWarden(front.warden);
    started.defer(() => second.stop());
    const sql = (statement: string): Promise<string> => server.sql(address, statement);
    return {
      ...{ server, front, second, sql },
      secondPlace: { host: second.host, port: second.port },
      async leaves() {
        const postgres = connectTo(address);
        const leaves = await postgresLogReader(postgres).entries(0, 1_000_000);
        await postgres.close();
        return leaves.map((leaf, index) => ({
          ...(JSON.parse(Buffer.from(leaf).toString()) as Leaf),
          index,
        }));
      },
      openIntents: async () => Number(await sql('SELECT count(*) FROM warden.intent')),
      stop: () => started.disposeAsync(),
    };
  } catch (error) {
    await started.disposeAsync();
    throw error;
  }
}
