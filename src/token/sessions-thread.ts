/** The sessions in their file. Runs in a thread of its own; see store/thread. */
import { timingSafeEqual } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';

export interface SessionsFileOptions {
  readonly file: string;
}

/** How long sessions last, in milliseconds. */
export interface Lifetimes {
  /** Since the last use. */
  readonly idleMs: number;
  /** Since the start. */
  readonly absoluteMs: number;
}

/** A session as it is begun. */
export interface NewSession {
  readonly id: string;
  /** SHA-256 of the token. */
  readonly digest: Uint8Array;
  readonly subject: string;
  readonly service: string;
  readonly credential: string;
  readonly clientId: string;
  readonly address: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A session that a token was used of. */
export interface UsedSession {
  readonly id: string;
  readonly subject: string;
  readonly credential: string;
}

/** A session as it is shown: nothing of its token. Times in milliseconds since 1970. */
export interface SessionRow {
  readonly id: string;
  readonly subject: string;
  readonly service: string;
  readonly clientId: string;
  readonly startedAt: number;
  readonly startAddress: string;
  readonly usedAt: number;
  readonly useAddress: string;
}

/** More than a person or a build system has machines; beyond it the one longest unused ends. */
const SUBJECT_LIMIT = 1000;
/** The last use is written down no more often, so that a busy client costs no disk. */
const TOUCH_EVERY_MS = 60_000;

const SCHEMA = `
  CREATE TABLE session (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL,
    subject TEXT NOT NULL,
    service TEXT NOT NULL,
    credential TEXT NOT NULL,
    client_id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    start_address TEXT NOT NULL,
    used_at INTEGER NOT NULL,
    use_address TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX session_subject ON session (subject, used_at);
  CREATE INDEX session_used ON session (used_at);
  CREATE INDEX session_started ON session (started_at);
`;

/** @throws {Error} with one sentence when the file cannot be opened. */
export function open({ file }: SessionsFileOptions): Operations {
  const db = openDatabase({
    file,
    called: 'the sessions',
    version: 1,
    schema: SCHEMA,
    // A logout that a power cut undoes would be none.
    synchronous: 'FULL',
    pageSize: 4096,
    timeoutMs: 2000,
  });
  const operations = createOperations(db);
  return { together: oneByOne(operations), close: () => db.close() };
}

function createOperations(db: DatabaseSync) {
  const insert = db.prepare('INSERT INTO session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const find = db.prepare('SELECT * FROM session WHERE id = ?');
  const touch = db.prepare('UPDATE session SET used_at = ?, use_address = ? WHERE id = ?');
  const removeExpired = db.prepare('DELETE FROM session WHERE used_at <= ? OR started_at <= ?');
  const removeSurplus = db.prepare(
    'DELETE FROM session WHERE id IN (SELECT id FROM session WHERE subject = ? ORDER BY used_at DESC LIMIT -1 OFFSET ?)',
  );
  const remove = db.prepare('DELETE FROM session WHERE id = ?');
  const removeSubject = db.prepare('DELETE FROM session WHERE subject = ?');
  const list = db.prepare('SELECT * FROM session WHERE ?1 IS NULL OR subject = ?1 ORDER BY used_at DESC, id');

  function purge({ now, idleMs, absoluteMs }: Lifetimes & { readonly now: number }): number {
    return Number(removeExpired.run(now - idleMs, now - absoluteMs).changes);
  }

  return {
    start({ session, lifetimes }: { readonly session: NewSession; readonly lifetimes: Lifetimes }): null {
      const { id, digest, subject, service, credential, clientId, address, now } = session;
      db.exec('BEGIN IMMEDIATE');
      try {
        purge({ now, ...lifetimes });
        insert.run(id, digest, subject, service, credential, clientId, now, address, now, address);
        removeSurplus.run(subject, SUBJECT_LIMIT);
        db.exec('COMMIT');
        return null;
      } catch (error) {
        // A full disk rolls back by itself.
        if (db.isTransaction) db.exec('ROLLBACK');
        throw error;
      }
    },

    use(question: {
      readonly id: string;
      readonly digest: Uint8Array;
      readonly service: string;
      readonly address: string;
      readonly now: number;
      readonly lifetimes: Lifetimes;
    }): UsedSession | null {
      const { id, digest, service, address, now, lifetimes } = question;
      const row = find.get(id);
      if (!row) return null;
      const startedAt = Number(row['started_at']);
      const usedAt = Number(row['used_at']);
      const expired = now >= usedAt + lifetimes.idleMs || now >= startedAt + lifetimes.absoluteMs;
      if (expired || row['service'] !== service) return null;
      // Both are SHA-256 digests: of one length, and known to us only.
      if (!timingSafeEqual(row['digest'] as Uint8Array, digest)) return null;
      if (now - usedAt >= TOUCH_EVERY_MS) {
        try {
          touch.run(now, address, id);
        } catch {
          // Pulls go on when the disk is full; the session then ends by idleness a little early.
        }
      }
      return { id, subject: String(row['subject']), credential: String(row['credential']) };
    },

    revoke: (id: string): boolean => remove.run(id).changes > 0,
    revokeSubject: (subject: string): number => Number(removeSubject.run(subject).changes),
    purge,

    list: (subject: string | null): SessionRow[] =>
      list.all(subject).map((row) => ({
        id: String(row['id']),
        subject: String(row['subject']),
        service: String(row['service']),
        clientId: String(row['client_id']),
        startedAt: Number(row['started_at']),
        startAddress: String(row['start_address']),
        usedAt: Number(row['used_at']),
        useAddress: String(row['use_address']),
      })),
  };
}
