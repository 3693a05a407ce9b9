/** How many entries a copy of the log has, and the root of the tree over them: what says that it is the same log. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { archivedOf } from '../provenance/archived-entries.ts';
import { createCompactRange } from '../tlog/compact-range.ts';
import { leafHash } from '../tlog/hashing.ts';
import { rootOfTile, TILE_WIDTH, tilePath } from '../tlog/tile.ts';
import { TREE_FOLDER } from './parts.ts';

export interface LogFacts {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** @throws {Error} with one sentence, when an entry is missing. */
export function logFacts(file: string): LogFacts {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    const size = Number(db.prepare('SELECT size FROM head').get()?.['size']);
    const range = createCompactRange();
    const until = archivedOf(db)?.until ?? 0;
    // What is archived is no more in the log; its hashes are in the tiles that are beside it.
    for (let index = 0; index * TILE_WIDTH < until; index++) {
      const tile = readFileSync(
        join(dirname(file), TREE_FOLDER, tilePath({ level: 0, index, width: TILE_WIDTH })),
      );
      range.appendSubtree(Math.log2(TILE_WIDTH), rootOfTile(tile));
    }
    for (const row of db.prepare('SELECT idx, leaf FROM entry WHERE idx >= ? ORDER BY idx').iterate(until)) {
      if (row['idx'] !== range.size()) throw new Error(`${file}: entry ${range.size()} is missing`);
      range.append(leafHash(row['leaf'] as Uint8Array));
    }
    if (range.size() !== size) throw new Error(`${file}: it has ${range.size()} entries, and says ${size}`);
    return { size, root: Buffer.from(range.root()).toString('hex') };
  } finally {
    db.close();
  }
}
