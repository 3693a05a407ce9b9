/** The index in PostgreSQL in a thread of its own: what a long filling computes does not keep a pull waiting. */
import { LOG_TABLES } from '../../provenance/postgres-log-tables.ts';
import { postgresLogReader } from '../../provenance/postgres-reader.ts';
import { systemClock } from '../../store/clock.ts';
import { connectPostgres, type Postgres, type PostgresTarget } from '../../store/postgres.ts';
import type { AsyncOperations } from '../../store/thread.ts';
import { ASKING, FILLING } from './planning.ts';
import { createPostgresIndex, type PostgresIndex } from './postgres-index.ts';
import { INDEX_FAMILY } from './schema.ts';

export interface PostgresIndexOptions {
  readonly target: PostgresTarget;
  /** Entries of a log, from which on a filling from the beginning sorts at its end. */
  readonly bulkFrom?: number;
}

/** Questions that are answered at once. */
const QUESTIONS = 4;
/** Of the statements of one batch; of those that sort millions of rows. */
const BATCH_MS = 60_000;
const SORTING_MS = 3_600_000;

export function open({ target, bulkFrom }: PostgresIndexOptions): AsyncOperations {
  const connect = (name: string, options: Partial<Parameters<typeof connectPostgres>[0]>): Postgres =>
    connectPostgres({
      ...{ ...target, connections: 1, families: [LOG_TABLES, INDEX_FAMILY] },
      ...{ name: `registry-warden index, ${name}`, session: FILLING, ...options },
    });
  const connections = {
    questions: connect('questions', {
      connections: QUESTIONS,
      session: ASKING,
    }),
    filling: connect('filling', { statementMs: BATCH_MS }),
    sorting: connect('sorting', { statementMs: SORTING_MS }),
  };
  const index = createPostgresIndex({
    ...{ ...connections, clock: systemClock, bulkFrom },
    log: postgresLogReader(connections.questions),
  });
  return {
    each: {
      ...{ mark: index.mark, add: index.add, finish: index.finish, clear: index.clear },
      ask: ({ name, args }: AskedOf) => index.ask(name, args),
    },
    async close() {
      await Promise.all(Object.values(connections).map((one) => one.close()));
    },
  };
}

type Asking = Parameters<PostgresIndex['ask']>;
interface AskedOf {
  readonly name: Asking[0];
  readonly args: Asking[1];
}
