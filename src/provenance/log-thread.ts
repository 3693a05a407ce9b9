/**
 * The push log's thread: log.db, whose entries are only ever added, and the intents that are not settled yet.
 *
 * What waits in the port is one transaction with one disk synchronisation; an answer leaves after its COMMIT. Each call
 * has a savepoint, so that one that fails takes nothing of the others with it; a COMMIT that fails takes all.
 *
 * log.lock is held by an open exclusive transaction, which the kernel ends with the process: one writer at a time, while
 * readers can open log.db beside it.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { failureSentence, isDamage } from '../store/failure-sentence.ts';
import { createPrivateFile, openDatabase } from '../store/open-database.ts';
import { type Call, describeFailure, type Operations, type Outcome } from '../store/thread.ts';
import { droppedDigest, leafOf, movedTag } from './log-entry.ts';
import { requireWhole, watchFiles } from './log-files.ts';
import type { Ending, LastOfTag, LogCounters, OpenIntent } from './log-store.ts';
import type { Intent, PushRecord } from './record.ts';

export interface LogOptions {
  readonly folder: string;
}

export const LOG_FILE = 'log.db';
export const LOG_VERSION = 1;
export const LOG_CALLED = 'the push log';
/** In table meta while an import is not finished: the root of its tree. */
export const IMPORTING = 'importing';

const SCHEMA = `
  CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;
  CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL) STRICT;
  INSERT INTO head VALUES (1, 0);
  CREATE TABLE intent (
    id TEXT PRIMARY KEY, repo TEXT NOT NULL, reference TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
    UNIQUE (repo, reference)
  ) STRICT;
  CREATE TABLE tag (
    repo TEXT NOT NULL, tag TEXT NOT NULL, idx INTEGER NOT NULL, digest TEXT,
    PRIMARY KEY (repo, tag)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tag_digest ON tag (repo, digest);
`;

/** In groups. A checkpoint copies each changed page once, so many small ones cost more than they save. */
const CHECKPOINT_EVERY = 1_000;
const IDLE_CHECKPOINT_MS = 1_000;

/** Opened for writing, with the lock that keeps other writers out. @throws {Error} with one sentence. */
export function openForWriting({ folder }: LogOptions): {
  readonly db: DatabaseSync;
  readonly lock: DatabaseSync;
} {
  const lock = holdLock(folder);
  try {
    const db = openDatabase({
      file: join(folder, LOG_FILE),
      called: LOG_CALLED,
      version: LOG_VERSION,
      schema: SCHEMA,
      synchronous: 'FULL',
      pageSize: 8192,
      timeoutMs: 5_000,
    });
    try {
      requireWhole(db, `${LOG_CALLED} ${join(folder, LOG_FILE)}`);
    } catch (error) {
      db.close();
      throw error;
    }
    return { db, lock };
  } catch (error) {
    lock.close();
    throw error;
  }
}

export function open({ folder }: LogOptions): Operations {
  const { db, lock } = openForWriting({ folder });
  if (db.prepare('SELECT 1 FROM meta WHERE key = ?').get(IMPORTING)) {
    db.close();
    lock.close();
    throw new Error(`${LOG_CALLED} in ${folder} is half imported: let warden log import go on to its end`);
  }
  const inPlace = watchFiles([LOG_FILE, `${LOG_FILE}-wal`].map((name) => join(folder, name)));
  // Checkpoints come from here, between groups, never in the middle of a COMMIT that somebody waits for.
  db.exec('PRAGMA wal_autocheckpoint=0');

  const size = db.prepare('SELECT size FROM head');
  const grow = db.prepare('UPDATE head SET size = size + 1');
  const addEntry = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
  const addIntent = db.prepare('INSERT INTO intent (id, repo, reference, body, at) VALUES (?, ?, ?, ?, ?)');
  const getIntent = db.prepare('SELECT body FROM intent WHERE id = ?');
  const endIntent = db.prepare('DELETE FROM intent WHERE id = ?');
  const allIntents = db.prepare('SELECT id, repo, reference, body, at FROM intent ORDER BY at, id');
  const getTag = db.prepare('SELECT idx, digest FROM tag WHERE repo = ? AND tag = ?');
  const setTag = db.prepare('INSERT OR REPLACE INTO tag (repo, tag, idx, digest) VALUES (?, ?, ?, ?)');
  const dropDigest = db.prepare('UPDATE tag SET idx = ?, digest = NULL WHERE repo = ? AND digest = ?');
  const touch = db.prepare("UPDATE meta SET value = value + 1 WHERE key = 'probe'");

  const begin = db.prepare('BEGIN IMMEDIATE');
  const mark = db.prepare('SAVEPOINT one');
  const release = db.prepare('RELEASE one');
  const commit = db.prepare('COMMIT');

  /** What was damaged once is not written again: a page that is whole says nothing of the others. */
  let damage: unknown;
  let commits = 0;
  let writes = 0;
  let sinceCheckpoint = 0;
  let idle: NodeJS.Timeout | undefined;

  function headSize(): number {
    return Number(size.get()?.['size']);
  }

  function lastOf({ repo, tag }: { repo: string; tag: string }): LastOfTag | undefined {
    const row = getTag.get(repo, tag) as { idx: number; digest: string | null } | undefined;
    return row && { index: row.idx, ...(row.digest === null ? {} : { digest: row.digest }) };
  }

  function add(record: PushRecord): { index: number } {
    const index = headSize();
    const moved = movedTag(record);
    const leaf = leafOf(record, moved && lastOf(moved)?.index);
    addEntry.run(index, leaf);
    grow.run();
    if (moved) setTag.run(moved.repo, moved.tag, index, moved.digest ?? null);
    const dropped = droppedDigest(record);
    if (dropped) dropDigest.run(index, dropped.repo, dropped.digest);
    return { index };
  }

  const reading: Readonly<Record<string, (args: never) => unknown>> = {
    lastOf,
    counters: (): LogCounters => ({ size: headSize(), commits, writes }),
    intents: (): OpenIntent[] =>
      allIntents.all().map(({ id, repo, reference, body, at }) => ({
        ...{ id: String(id), repo: String(repo), reference: String(reference), at: Number(at) },
        body: JSON.parse(String(body)) as Intent,
      })),
  };
  const writing: Readonly<Record<string, (args: never) => unknown>> = {
    intend({ id, repo, reference, body, at }: OpenIntent) {
      addIntent.run(id, repo, reference, JSON.stringify(body), at);
    },
    /** Of an intent that nobody was told of, and nobody acted on. */
    withdraw({ id }: { id: string }) {
      endIntent.run(id);
    },
    conclude({ id, added }: { id: string; added: Ending }) {
      const row = getIntent.get(id);
      if (!row) throw new Error(`there is no open intent ${id}`);
      const intent = JSON.parse(String(row['body'])) as Intent;
      endIntent.run(id);
      // The outcome is one of the intent's kind, so together they are one record of the union.
      return add({ ...intent, ...added } as PushRecord);
    },
    append: add,
    begin(record: PushRecord) {
      if (headSize() === 0) add(record);
    },
    probe() {
      touch.run();
    },
  };

  function one({ id, name, args }: Call): Outcome {
    const savepoint = name in writing;
    if (savepoint) mark.run();
    try {
      const operation = writing[name] ?? reading[name];
      if (!operation) throw new Error(`no operation ${name}`);
      const value = operation(args as never);
      if (savepoint) release.run();
      return { id, value };
    } catch (error) {
      // SQLite may have ended the whole transaction by itself (disk full): then the COMMIT fails, and all with it.
      if (savepoint && db.isTransaction) db.exec('ROLLBACK TO one; RELEASE one');
      noteDamage(error);
      return { id, error: describeFailure(error) };
    }
  }

  function noteDamage(error: unknown): void {
    if (isDamage(error)) damage ??= error;
  }

  function together(calls: readonly Call[]): Outcome[] {
    const writers = calls.filter(({ name }) => name in writing).length;
    if (writers === 0) return calls.map(one);
    const outcomes: Outcome[] = [];
    try {
      if (damage !== undefined) throw damage;
      inPlace();
      begin.run();
      for (const call of calls) {
        outcomes.push(one(call));
        if (!db.isTransaction) throw lost(outcomes);
      }
      commit.run();
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      noteDamage(error);
      const failure = describeFailure(error);
      return calls.map(({ id }) => ({ id, error: failure }));
    }
    commits++;
    writes += writers;
    scheduleCheckpoint();
    return outcomes;
  }

  function scheduleCheckpoint(): void {
    clearTimeout(idle);
    if (++sinceCheckpoint >= CHECKPOINT_EVERY) setImmediate(checkpoint);
    else idle = setTimeout(checkpoint, IDLE_CHECKPOINT_MS);
  }

  function checkpoint(): void {
    clearTimeout(idle);
    sinceCheckpoint = 0;
    try {
      // PASSIVE waits for no reader. A failure loses nothing: the write-ahead log keeps what is in it.
      if (db.isOpen) db.exec('PRAGMA wal_checkpoint(PASSIVE)');
    } catch {
      sinceCheckpoint = 1;
    }
  }

  return {
    together,
    close() {
      clearTimeout(idle);
      db.close();
      lock.close();
    },
  };
}

/** SQLite ended the transaction in the middle of a group: the failure that made it do so is the last one seen. */
function lost(outcomes: readonly Outcome[]): unknown {
  const last = outcomes.at(-1);
  return last && 'error' in last ? last.error : new Error('the transaction was rolled back');
}

function holdLock(folder: string): DatabaseSync {
  const file = join(folder, 'log.lock');
  createPrivateFile(`the lock ${file}`, file);
  const lock = new DatabaseSync(file, { timeout: 0 });
  try {
    // Nothing is ever written in it, so its rollback journal need not be a file.
    lock.exec('PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    return lock;
  } catch (error) {
    lock.close();
    const { errcode } = error as { errcode?: number };
    // Without a code: that is no trouble of the disk, which a start waits for.
    if (errcode !== undefined && (errcode & 255) === 5) {
      throw new Error(`${LOG_CALLED} in ${folder} is in use by another process: one Warden writes a log`);
    }
    throw Object.assign(new Error(failureSentence(`the lock ${file}`, error)), { errcode });
  }
}
