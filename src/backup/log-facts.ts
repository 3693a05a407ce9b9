/** How many entries a copy of the log has, and the root of the tree over them: what says that it is the same log. */
import { DatabaseSync } from 'node:sqlite';
import { createCompactRange } from '../tlog/compact-range.ts';
import { leafHash } from '../tlog/hashing.ts';

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
    for (const row of db.prepare('SELECT idx, leaf FROM entry ORDER BY idx').iterate()) {
      if (row['idx'] !== range.size()) throw new Error(`${file}: entry ${range.size()} is missing`);
      range.append(leafHash(row['leaf'] as Uint8Array));
    }
    if (range.size() !== size) throw new Error(`${file}: it has ${range.size()} entries, and says ${size}`);
    return { size, root: Buffer.from(range.root()).toString('hex') };
  } finally {
    db.close();
  }
}
