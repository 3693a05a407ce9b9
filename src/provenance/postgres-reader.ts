/** Reads a push log in PostgreSQL beside those who write it, and what was taken out of it where that is archived. */
import type { Ask, Postgres } from '../store/postgres.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';
import { type Archived, otherArchive, readArchivedBundle } from './archived-entries.ts';
import type { LogReader } from './log-store.ts';

/** @returns undefined where nothing was archived. */
export async function archivedInPostgres(ask: Ask): Promise<Archived | undefined> {
  const [row] = await ask<{ until: string; folder: string }>('SELECT until, folder FROM warden.archived');
  return row && { until: Number(row.until), folder: row.folder };
}

/** An archive only grows. @throws {Error} as setArchived does. */
export async function setArchivedInPostgres(ask: Ask, { until, folder }: Archived): Promise<void> {
  const [row] = await ask<{ until: string; folder: string }>(
    `INSERT INTO warden.archived (until, folder) VALUES ($1, $2)
    ON CONFLICT (one) DO UPDATE SET until = CASE WHEN archived.folder = excluded.folder
      THEN greatest(archived.until, excluded.until) ELSE archived.until END
    RETURNING until, folder`,
    [until, folder],
  );
  if (row !== undefined && row.folder !== folder)
    throw otherArchive({ until: Number(row.until), folder: row.folder });
}

/** @param postgres closed by whoever opened it. */
export function postgresLogReader(postgres: Pick<Postgres, 'ask'>): LogReader {
  async function stored(
    from: number,
    limit: number,
  ): Promise<{ first: number | undefined; leaves: Buffer[] }> {
    const rows = await postgres.ask<{ idx: string; leaf: Buffer }>(
      'SELECT idx, leaf FROM warden.entry WHERE idx >= $1 ORDER BY idx LIMIT $2',
      [from, limit],
    );
    const first = rows[0] && Number(rows[0].idx);
    return { first, leaves: rows.map(({ leaf }) => leaf) };
  }

  return {
    async size() {
      const [row] = await postgres.ask<{ size: string }>('SELECT size FROM warden.head');
      return Number(row?.size);
    },
    async entries(from, limit) {
      const { first, leaves } = await stored(from, limit);
      // What is in the log is read there, also while an archiving is under way.
      if (first === undefined || first === from) return leaves;
      const archived = await archivedInPostgres(postgres.ask);
      if (archived === undefined) return leaves;
      const entries: Uint8Array[] = [];
      // Beyond it the archive has nothing: an entry that is missing there was taken away.
      const end = Math.min(first, archived.until);
      for (let at = from; at < end && entries.length < limit; at = from + entries.length) {
        const bundle = await readArchivedBundle(archived, Math.floor(at / TILE_WIDTH));
        entries.push(...bundle.slice(at % TILE_WIDTH, Math.min(TILE_WIDTH, end - at + (at % TILE_WIDTH))));
      }
      entries.push(...leaves);
      return entries.slice(0, limit);
    },
    async close() {
      // The connections are not this reader's.
    },
  };
}
