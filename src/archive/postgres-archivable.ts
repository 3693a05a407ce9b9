/** The log in PostgreSQL, beside the instances that write it. */
import {
  archivedInPostgres,
  postgresLogReader,
  setArchivedInPostgres,
} from '../provenance/postgres-reader.ts';
import type { Postgres } from '../store/postgres.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';
import { readerSource } from '../verify/source.ts';
import type { ArchivableLog } from './archivable-log.ts';

/** Rows that are deleted in one transaction. */
const BATCH = 4 * TILE_WIDTH;

/** @param postgres closed with it. */
export function openPostgresArchivable(postgres: Postgres): ArchivableLog {
  const reader = postgresLogReader(postgres);
  async function lowest(): Promise<number | undefined> {
    const [row] = await postgres.ask<{ idx: string | null }>('SELECT min(idx) AS idx FROM warden.entry');
    return row?.idx == null ? undefined : Number(row.idx);
  }
  return {
    size: reader.size,
    entries: reader.entries,
    archived: () => archivedInPostgres(postgres.ask),
    setArchived: (archived) => setArchivedInPostgres(postgres.ask, archived),
    holdsBelow: async (until) => ((await lowest()) ?? until) < until,
    async takeOut(until) {
      let taken = 0;
      for (let from = (await lowest()) ?? until; from < until; from += BATCH) {
        const rows = await postgres.ask<{ n: string }>(
          'WITH gone AS (DELETE FROM warden.entry WHERE idx < $1 RETURNING 1) SELECT count(*) AS n FROM gone',
          [Math.min(until, from + BATCH)],
        );
        taken += Number(rows[0]?.n);
      }
      return taken;
    },
    source: (tree) => readerSource(reader, tree),
    close: () => postgres.close(),
  };
}
