/**
 * Opens one SQLite file of ours, or says in one sentence why not.
 *
 * The file is 0600 and a folder made for it 0700: records name people and addresses. The write-ahead log and its index
 * get the mode of the file from SQLite.
 */
import { accessSync, closeSync, constants, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { failureSentence } from './failure-sentence.ts';
import { makeFolder } from './make-folder.ts';
import { transaction } from './transaction.ts';

export interface DatabaseOptions {
  readonly file: string;
  /** What a person calls it: `the push log`. */
  readonly called: string;
  /** Version of `schema`, kept in table meta. */
  readonly version: number;
  /** The statements that make the tables, without meta. */
  readonly schema: string;
  /** For files of earlier releases: by the version they have, the statements that make it the next one. */
  readonly migrations?: Readonly<Record<number, string>>;
  /** FULL: durable at COMMIT. NORMAL: whole after a crash, but the last commits may be missing after a power cut. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** For a file that does not exist yet. */
  readonly pageSize: 4096 | 8192;
  readonly readOnly?: boolean;
  /** How long to wait for another process that holds the file. */
  readonly timeoutMs: number;
}

/** Errno names that a person can act on. */
const ERRNO: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
  // From a recursive mkdir: a parent could not be made, whatever the reason (also a read-only disk).
  ENOENT: 'its folder cannot be created',
  ENOTDIR: 'a part of its path is not a folder',
  EEXIST: 'a part of its path is not a folder',
  EISDIR: 'it is a folder',
};

/** What SQLite says of the same. */
const ERRCODE: Readonly<Record<string, number>> = { ENOSPC: 13, EROFS: 8, EIO: 10 };

/** @throws {Error} with one sentence that names the file; `errcode` is SQLite's where SQLite refused. */
export function openDatabase(options: DatabaseOptions): DatabaseSync {
  const what = `${options.called} ${options.file}`;
  if (options.readOnly && !existsSync(options.file)) throw new Error(`${what}: there is no such file`);
  if (!options.readOnly) createPrivateFile(what, options.file);
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(options.file, {
      readOnly: options.readOnly ?? false,
      timeout: options.timeoutMs,
      enableForeignKeyConstraints: false,
    });
    if (!options.readOnly) {
      db.exec(`PRAGMA page_size=${options.pageSize}`);
      const mode = db.prepare('PRAGMA journal_mode=WAL').get()?.['journal_mode'];
      if (mode !== 'wal') throw new Error(`its disk does not support write-ahead logging (mode ${mode})`);
      db.exec(`PRAGMA synchronous=${options.synchronous}; PRAGMA journal_size_limit=67108864`);
      createTables(db, options);
    }
    requireVersion(db, options);
    return db;
  } catch (error) {
    db?.close();
    const { errcode } = error as { errcode?: number };
    throw Object.assign(new Error(failureSentence(what, error)), errcode === undefined ? {} : { errcode });
  }
}

/**
 * Creates an empty file, and its folder, if it is missing. SQLite would create it with the process' umask; this one is
 * ours alone from its first moment.
 *
 * An existing file is not touched: closing any handle of it would release the locks that this process has on it
 * (fcntl(2)), and with them the exclusion of other processes.
 *
 * @throws {Error} with one sentence that names the file.
 */
export function createPrivateFile(what: string, file: string): void {
  const folder = dirname(file);
  try {
    if (existsSync(file)) {
      // SQLite says only "cannot open" where the folder is what cannot be written.
      accessSync(file, constants.R_OK | constants.W_OK);
      accessSync(folder, constants.W_OK);
      return;
    }
    makeFolder(folder, 0o700);
    closeSync(openSync(file, 'a', 0o600));
    // Without this a power cut can take the name of a file whose content is safe.
    const handle = openSync(folder, 'r');
    fsyncSync(handle);
    closeSync(handle);
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const errcode = ERRCODE[code ?? ''];
    throw Object.assign(
      new Error(`${what} cannot be written: ${ERRNO[code ?? ''] ?? message}`),
      errcode === undefined ? {} : { errcode },
    );
  }
}

function createTables(db: DatabaseSync, { schema, version, migrations = {} }: DatabaseOptions): void {
  // Immediate: a second process that opens the same new file waits, and then finds the tables. On a read-only disk this
  // is what fails, before anything depends on a write.
  transaction(db, () => {
    if (db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'] === 0) {
      db.exec('CREATE TABLE meta (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID');
      db.prepare("INSERT INTO meta VALUES ('version', ?), ('probe', 0)").run(version);
      db.exec(schema);
    }
    migrate(db, version, migrations);
  });
}

/** All steps or none, in the transaction that is open. A file of a later release, or of none of ours, stays as it is. */
function migrate(db: DatabaseSync, version: number, migrations: Readonly<Record<number, string>>): void {
  let found = versionOf(db);
  for (let step = migrations[Number(found)]; step !== undefined; step = migrations[Number(found)]) {
    if (typeof found !== 'number' || found >= version) return;
    db.exec(step);
    found++;
    db.prepare("UPDATE meta SET value = ? WHERE key = 'version'").run(found);
  }
}

/** Undefined where there is no table meta. */
function versionOf(db: DatabaseSync): unknown {
  if (!db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").get()) return undefined;
  return db.prepare("SELECT value FROM meta WHERE key = 'version'").get()?.['value'];
}

function requireVersion(db: DatabaseSync, { version, called }: DatabaseOptions): void {
  const found = versionOf(db);
  if (found === undefined) throw new Error(`it is a database, but not ${called} of Registry Warden`);
  if (found === version) return;
  const older = typeof found === 'number' && found < version;
  throw new Error(
    older
      ? `it has schema version ${found}, this release knows version ${version}: start warden serve of this release once, or use the one that wrote it`
      : `it has schema version ${found}, this release knows version ${version}: use the release that wrote it`,
  );
}
