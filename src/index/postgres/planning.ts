/**
 * Settings of a connection on which questions are asked, or the index is filled.
 *
 * The order of joins is that of the statement, as in SQLite, and each table is entered through an index: how many rows a
 * name has varies too much for an estimate, and the statements are written so that this way is short.
 */
import { INDEX_SCHEMA } from './schema.ts';

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
export const FILLING = { ...PLANNING, synchronous_commit: 'off' } as const;

export const ASKING = {
  ...PLANNING,
  default_transaction_isolation: 'repeatable read',
  default_transaction_read_only: 'on',
} as const;
