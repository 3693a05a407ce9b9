/** The end of a long filling in PostgreSQL: what was put off is sorted in at once. In steps, each whole or not at all. */
import type { Ask } from '../../store/postgres.ts';
import { BULK } from '../filling/bulk.ts';
import {
  POSTGRES_DIGEST_INDEX,
  POSTGRES_LATE_INDEXES,
  POSTGRES_REWRITTEN,
  POSTGRES_TABLE_NAMES,
} from './schema.ts';
import { relateNext } from './ways.ts';

/** Stages after BULK.filling. */
const SORTED = 2;
const RELATED = 3;
const INDEXED = 4;

/** Memory of one sorting; a server has it for a while without asking. */
const SORTING = "SET LOCAL maintenance_work_mem = '256MB'";

export interface Stage {
  readonly bulk: number;
  /** Of the last image whose bases are sorted in. */
  readonly related: number;
}

/** The step after `stage`; the caller holds the transaction, and sees to it that nobody else does the same. */
export async function finishStep(ask: Ask, { bulk, related }: Stage): Promise<Stage> {
  switch (bulk) {
    case BULK.filling:
      await ask(SORTING);
      await ask(POSTGRES_DIGEST_INDEX);
      return { bulk: SORTED, related: -1 };
    case SORTED: {
      const next = await relateNext(ask, related);
      if (next !== undefined) return { bulk, related: next };
      await ask('TRUNCATE base_late');
      return { bulk: RELATED, related: -1 };
    }
    case RELATED:
      await ask(SORTING);
      await ask(POSTGRES_LATE_INDEXES);
      return { bulk: INDEXED, related: -1 };
    default:
      await ask(SORTING);
      await ask(POSTGRES_REWRITTEN);
      await ask(`ANALYZE ${POSTGRES_TABLE_NAMES.join(', ')}`);
      return { bulk: BULK.none, related: -1 };
  }
}

/** Of an index that is empty. */
export async function beginBulk(ask: Ask): Promise<void> {
  const names = [...`${POSTGRES_DIGEST_INDEX}; ${POSTGRES_LATE_INDEXES}`.matchAll(/IF NOT EXISTS (\w+)/g)];
  await ask(`DROP INDEX IF EXISTS ${names.map(([, name]) => name).join(', ')}`);
}
