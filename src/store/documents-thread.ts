/** The documents in their file. Runs in a thread of its own; see store/thread. */
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from './open-database.ts';
import { type Call, describeFailure, type Operations, type Outcome } from './thread.ts';

export interface DocumentsOptions {
  readonly file: string;
}

/** A document as it crosses the port; the body is JSON. */
export interface DocumentRow {
  readonly id: string;
  readonly version: number;
  readonly subject: string;
  readonly expiresAt: number | undefined;
  readonly body: string;
}

interface Key {
  readonly kind: string;
  readonly id: string;
}

/**
 * A version is a number of the one counter of all writes, so that a document which is removed and made again is never
 * taken for the one it was.
 */
const SCHEMA = `
  CREATE TABLE document (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    subject TEXT NOT NULL,
    expires_at INTEGER,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX document_subject ON document (kind, subject);
  CREATE INDEX document_expiry ON document (kind, expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE revision (kind TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`;

const WRITES: ReadonlySet<string> = new Set(['create', 'replace', 'remove', 'removeExpired']);

/** @throws {Error} with one sentence when the file cannot be opened. */
export function open({ file }: DocumentsOptions): Operations {
  const db = openDatabase({
    file,
    called: 'the credentials',
    version: 1,
    schema: SCHEMA,
    // A revocation that a power cut undoes would be none.
    synchronous: 'FULL',
    pageSize: 4096,
    timeoutMs: 2000,
  });
  const operations = createOperations(db);
  return { together: (calls) => together(db, operations, calls), close: () => db.close() };
}

/** A group with writes is one transaction: many logins at once cost one flush of the disk. */
function together(
  db: DatabaseSync,
  operations: Readonly<Record<string, (args: never) => unknown>>,
  calls: readonly Call[],
): readonly Outcome[] {
  const writes = calls.some(({ name }) => WRITES.has(name));
  try {
    if (writes) db.exec('BEGIN IMMEDIATE');
    const outcomes = calls.map((call) => answer(db, operations, call, writes));
    if (writes) db.exec('COMMIT');
    return outcomes;
  } catch (error) {
    // A full disk rolls back by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    // What only reads goes on where nothing can be written.
    return calls.map((call) =>
      WRITES.has(call.name)
        ? { id: call.id, error: describeFailure(error) }
        : answer(db, operations, call, false),
    );
  }
}

/** A refused statement is undone alone. @throws when the transaction of the group is lost with it. */
function answer(
  db: DatabaseSync,
  operations: Readonly<Record<string, (args: never) => unknown>>,
  { id, name, args }: Call,
  inTransaction: boolean,
): Outcome {
  try {
    const operation = operations[name];
    if (!operation) throw new Error(`no operation ${name}`);
    return { id, value: operation(args as never) };
  } catch (error) {
    if (inTransaction && !db.isTransaction) throw error;
    return { id, error: describeFailure(error) };
  }
}

function createOperations(db: DatabaseSync) {
  const find = db.prepare('SELECT * FROM document WHERE kind = ? AND id = ?');
  const list = db.prepare('SELECT * FROM document WHERE kind = ? ORDER BY id');
  const ofSubject = db.prepare('SELECT * FROM document WHERE kind = ? AND subject = ? ORDER BY id');
  const insert = db.prepare('INSERT INTO document VALUES (?, ?, ?, ?, ?, ?)');
  const update = db.prepare(
    'UPDATE document SET version = ?, expires_at = ?, body = ? WHERE kind = ? AND id = ? AND version = ?',
  );
  const remove = db.prepare(
    'DELETE FROM document WHERE kind = ?1 AND id = ?2 AND (?3 IS NULL OR version = ?3)',
  );
  const removeExpired = db.prepare('DELETE FROM document WHERE kind = ? AND expires_at <= ?');
  const last = db.prepare('SELECT coalesce(max(value), 0) AS value FROM revision');
  const lastOf = db.prepare('SELECT value FROM revision WHERE kind = ?');
  const move = db.prepare('INSERT INTO revision VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2');

  const revision = (kind: string | null): number =>
    Number((kind === null ? last.get() : lastOf.get(kind))?.['value'] ?? 0);
  /** Only inside a transaction, which alone keeps others from the same number. */
  function nextVersion(kind: string): number {
    const version = revision(null) + 1;
    move.run(kind, version);
    return version;
  }
  /** Moves the revision where something was written. */
  function written(kind: string, { changes }: { readonly changes: number | bigint }): number {
    if (changes > 0) nextVersion(kind);
    return Number(changes);
  }

  return {
    get({ kind, id }: Key): DocumentRow | null {
      const row = find.get(kind, id);
      return row === undefined ? null : rowOf(row);
    },
    list: ({ kind, subject }: { readonly kind: string; readonly subject: string | null }): DocumentRow[] =>
      (subject === null ? list.all(kind) : ofSubject.all(kind, subject)).map(rowOf),
    create(
      row: Key & { readonly subject: string; readonly expiresAt: number | null; readonly body: string },
    ): null {
      const { kind, id, subject, expiresAt, body } = row;
      // The number is taken when the row is in: a refused one leaves nothing behind.
      insert.run(kind, id, revision(null) + 1, subject, expiresAt, body);
      nextVersion(kind);
      return null;
    },
    replace(
      next: Key & { readonly version: number; readonly expiresAt: number | null; readonly body: string },
    ): boolean {
      const { kind, id, version, expiresAt, body } = next;
      return written(kind, update.run(revision(null) + 1, expiresAt, body, kind, id, version)) > 0;
    },
    remove: ({ kind, id, version }: Key & { readonly version: number | null }): boolean =>
      written(kind, remove.run(kind, id, version)) > 0,
    removeExpired: ({ kind, now }: { readonly kind: string; readonly now: number }): number =>
      written(kind, removeExpired.run(kind, now)),
    revision,
  };
}

function rowOf(row: Readonly<Record<string, unknown>>): DocumentRow {
  const expiresAt = row['expires_at'];
  return {
    id: String(row['id']),
    version: Number(row['version']),
    subject: String(row['subject']),
    expiresAt: expiresAt === null ? undefined : Number(expiresAt),
    body: String(row['body']),
  };
}
