/** Opens the file of the index: to fill it, or where that is not allowed, to read what is there. */
import { accessSync, constants, existsSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../../store/open-database.ts';
import { INDEX_VERSION, LATE_INDEXES, TABLES } from './schema.ts';

export interface IndexOptions {
  /** Of index.db. */
  readonly folder: string;
  /** A command's: where the file cannot be written, it is read, and where there is none, it is made in memory. */
  readonly readOnlyIfNeeded?: boolean;
  /** Entries of a log, from which on a filling from the beginning sorts at its end. */
  readonly bulkFrom?: number;
}

export const INDEX_FILE = 'index.db';
const CALLED = 'the index of the push log (it can be deleted, and is made again)';

/** In KiB. Random places of large trees are written: what does not fit here is read again. */
const CACHE_KIB = 256 * 1024;
/** Pages. A checkpoint copies each changed page once, so rare ones cost least; the file stays below some 200 MB. */
const CHECKPOINT_PAGES = 20_000;

/** `fixed`: it cannot be filled. @throws {Error} with one sentence that names the file. */
export function openIndexFile({ folder, readOnlyIfNeeded }: IndexOptions): {
  readonly db: DatabaseSync;
  readonly fixed: boolean;
} {
  const file = join(folder, INDEX_FILE);
  if (readOnlyIfNeeded && !mayWrite(file)) return readIndexFile(file);
  removeOtherVersion(file);
  const db = openDatabase({
    file,
    called: CALLED,
    version: INDEX_VERSION,
    schema: `${TABLES}${LATE_INDEXES}`,
    // What a crash takes from it is read from the log again.
    synchronous: 'NORMAL',
    pageSize: 8192,
    timeoutMs: 10_000,
  });
  db.exec(`PRAGMA wal_autocheckpoint=${CHECKPOINT_PAGES}`);
  return { db: prepared(db), fixed: false };
}

function readIndexFile(file: string): { readonly db: DatabaseSync; readonly fixed: boolean } {
  if (versionOf(file) === INDEX_VERSION) {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
    return { db: prepared(db), fixed: true };
  }
  const db = new DatabaseSync(':memory:');
  db.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID');
  db.exec(`${TABLES}${LATE_INDEXES}`);
  return { db: prepared(db), fixed: false };
}

function prepared(db: DatabaseSync): DatabaseSync {
  // Tags that differ in upper and lower case are two.
  db.exec(`PRAGMA cache_size=-${CACHE_KIB}; PRAGMA case_sensitive_like=ON`);
  return db;
}

/** Undefined for what cannot be read as one of ours. */
function versionOf(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const db = new DatabaseSync(file, { readOnly: true, timeout: 10_000 });
    try {
      return Number(db.prepare("SELECT value FROM meta WHERE key = 'version'").get()?.['value']);
    } finally {
      db.close();
    }
  } catch {
    return undefined;
  }
}

/** It holds nothing that is not in the log, so another release's is no reason to stop. */
function removeOtherVersion(file: string): void {
  if (!existsSync(file)) return;
  const found = versionOf(file);
  if (found === undefined || Number.isNaN(found) || found === INDEX_VERSION) return;
  for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
}

function mayWrite(file: string): boolean {
  try {
    accessSync(dirname(file), constants.W_OK);
    if (existsSync(file)) accessSync(file, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
