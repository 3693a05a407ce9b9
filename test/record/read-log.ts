import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LOG_FILE } from '../../src/provenance/log-thread.ts';

/** A record as its leaf has it. */
export type Leaf = Readonly<Record<string, unknown>> & {
  readonly type: string;
  readonly index: number;
  readonly subject?: { readonly repo: string; readonly digest?: string };
  readonly tag?: { readonly name: string; readonly from?: string; readonly prev?: number };
};

/** All records of a data folder, in order, read beside a Warden that may be writing. */
export function readLog(dataFolder: string): Leaf[] {
  return withLog(dataFolder, (db) =>
    db
      .prepare('SELECT idx, leaf FROM entry ORDER BY idx')
      .all()
      .map((row) => ({
        ...(JSON.parse(Buffer.from(row['leaf'] as Uint8Array).toString('utf8')) as Leaf),
        index: Number(row['idx']),
      })),
  );
}

/** How many pushes of a data folder have no outcome yet. */
export function openIntents(dataFolder: string): number {
  return withLog(dataFolder, (db) => Number(db.prepare('SELECT count(*) AS n FROM intent').get()?.['n']));
}

function withLog<T>(dataFolder: string, read: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(join(dataFolder, LOG_FILE), { readOnly: true, timeout: 5_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}
