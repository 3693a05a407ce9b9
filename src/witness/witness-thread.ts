/**
 * What a witness has seen, in a SQLite file. The look at what was seen and the note of what is seen now are one
 * transaction, also between two processes: so no order of requests makes it forget.
 */
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { transaction } from '../store/transaction.ts';
import { type Judgement, judge } from './judge.ts';

export interface WitnessStateOptions {
  readonly file: string;
}

export interface Seen {
  readonly origin: string;
  readonly old: number;
  readonly size: number;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
  /** The note with the cosignature, which nobody gets before it is kept. */
  readonly note: string;
}

const SCHEMA = `
  CREATE TABLE seen (
    origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, note TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`;

export function open({ file }: WitnessStateOptions): Operations {
  const db = openDatabase({
    file,
    called: 'what the witness has seen',
    version: 1,
    schema: SCHEMA,
    synchronous: 'FULL',
    pageSize: 4096,
    timeoutMs: 5_000,
  });
  const get = db.prepare('SELECT size, root, note FROM seen WHERE origin = ?');
  const put = db.prepare('INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?)');
  return {
    together: oneByOne({
      /** Durable when it answers 200. */
      add({ origin, old, size, root, proof, note }: Seen): Judgement {
        return transaction(db, () => {
          const row = get.get(origin) as { size: number; root: Uint8Array } | undefined;
          const judgement = judge(row, old, { size, root }, proof);
          if (judgement.status === 200) put.run(origin, size, root, note);
          return judgement;
        });
      },
      note: ({ origin }: { readonly origin: string }) => get.get(origin)?.['note'] as string | undefined,
    }),
    close: () => db.close(),
  };
}
