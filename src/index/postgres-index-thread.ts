/** The index in PostgreSQL in a thread of its own: what a long filling computes does not keep a pull waiting. */
import { LOG_TABLES } from '../provenance/postgres-log-tables.ts';
import { postgresLogReader } from '../provenance/postgres-reader.ts';
import { systemClock } from '../store/clock.ts';
import { connectPostgres, type Postgres, type PostgresTarget } from '../store/postgres.ts';
import type { AsyncOperations } from '../store/thread.ts';
import { createPostgresIndex, type PostgresIndex } from './postgres-index.ts';
import { INDEX_FAMILY, INDEX_SCHEMA } from './postgres-schema.ts';

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

/**
 * The order of joins is that of the statement, as in SQLite, and each table is entered through an index: how many rows a
 * name has varies too much for an estimate, and the questions are written so that this way is short.
 */
const PLANNING = {
  join_collapse_limit: '1',
  from_collapse_limit: '1',
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  jit: 'off',
  max_parallel_workers_per_gather: '0',
  search_path: INDEX_SCHEMA,
} as const;
/** What a crash of the server takes from it is read from the log again. */
const FILLING = { ...PLANNING, synchronous_commit: 'off' };

export function open({ target, bulkFrom }: PostgresIndexOptions): AsyncOperations {
  const connect = (name: string, options: Partial<Parameters<typeof connectPostgres>[0]>): Postgres =>
    connectPostgres({
      ...{ ...target, connections: 1, families: [LOG_TABLES, INDEX_FAMILY] },
      ...{ name: `registry-warden index, ${name}`, session: FILLING, ...options },
    });
  const connections = {
    questions: connect('questions', {
      connections: QUESTIONS,
      session: {
        ...PLANNING,
        default_transaction_isolation: 'repeatable read',
        default_transaction_read_only: 'on',
      },
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
