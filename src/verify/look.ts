/** Looks at bundles: reads them, hashes their entries, and reads their records. */
import type { DatabaseSync } from 'node:sqlite';
import { entriesOf } from '../provenance/archived-entries.ts';
import { openLogFile } from '../provenance/log-reader-thread.ts';
import { type Bundle, entriesIn } from './bundle.ts';
import { type BundleFacts, factsOf } from './bundle-facts.ts';

export interface Look {
  readonly bundle: Bundle;
  /** How many of its entries. */
  readonly width: number;
  readonly meaning: boolean;
}

export interface Looker {
  /** @returns undefined for entries that are not there. @throws {Error} with one sentence for a bundle that is none. */
  look(look: Look): BundleFacts | undefined;
  close(): void;
}

export function createLooker(): Looker {
  const opened = new Map<
    string,
    { readonly db: DatabaseSync; readonly read: ReturnType<typeof entriesOf> }
  >();

  function logIn(folder: string): ReturnType<typeof entriesOf> {
    const there = opened.get(folder);
    if (there !== undefined) return there.read;
    const db = openLogFile({ folder });
    const read = entriesOf(db);
    opened.set(folder, { db, read });
    return read;
  }

  return {
    look({ bundle, width, meaning }) {
      const entries = entriesIn(bundle, width, (folder, from, limit) => logIn(folder)(from, limit));
      return entries && factsOf(entries, meaning);
    },
    close() {
      for (const { db } of opened.values()) db.close();
    },
  };
}
