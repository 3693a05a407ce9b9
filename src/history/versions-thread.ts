/**
 * The thread of policies.db: every policy that was in force, as its files were written, and since when. Only ever added
 * to. A version and its place in time are durable together.
 */
import { createHash } from 'node:crypto';
import type { PolicyText } from '../config/policy-texts.ts';
import { openDatabase } from '../store/open-database.ts';
import { type Operations, oneByOne } from '../store/thread.ts';
import { transaction } from '../store/transaction.ts';

export interface VersionsOptions {
  readonly file: string;
  /** For a command beside a running server: questions only. */
  readonly readOnly?: boolean;
}

/** A policy that decides from some time on. */
export interface Entry {
  /** Of the policy's meaning. */
  readonly digest: string;
  readonly texts: readonly PolicyText[];
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** From `since` on, until the next one begins. Milliseconds since 1970. */
export interface Begun {
  readonly digest: string;
  readonly since: number;
}

export const VERSIONS_FILE = 'policies.db';

/** `file` holds each text once: most versions differ in one of many files. `files` is JSON, `[name, sha256]` each. */
const SCHEMA = `
  CREATE TABLE file (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL) STRICT;
  CREATE TABLE version (digest TEXT PRIMARY KEY, files TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE period (seq INTEGER PRIMARY KEY, digest TEXT NOT NULL, since INTEGER NOT NULL) STRICT;
`;

export function open({ file, readOnly }: VersionsOptions): Operations {
  const db = openDatabase({
    file,
    called: 'the policies that were in force',
    version: 1,
    schema: SCHEMA,
    synchronous: 'FULL',
    pageSize: 4096,
    timeoutMs: 5_000,
    readOnly: readOnly ?? false,
  });
  const last = db.prepare('SELECT digest FROM period ORDER BY seq DESC LIMIT 1');
  const all = db.prepare('SELECT digest, since FROM period ORDER BY seq');
  const filesOf = db.prepare('SELECT files FROM version WHERE digest = ?');
  const textOf = db.prepare('SELECT text FROM file WHERE sha256 = ?');

  /** Nothing where the last one is of the same meaning: a restart, or comments that changed. */
  function enter({ digest, texts, since }: Entry): void {
    transaction(db, () => {
      if (last.get()?.['digest'] !== digest) {
        const files = texts.map(({ file: name, text }) => {
          const sha256 = createHash('sha256').update(text).digest('hex');
          db.prepare('INSERT OR IGNORE INTO file VALUES (?, ?)').run(sha256, text);
          return [name, sha256];
        });
        db.prepare('INSERT OR IGNORE INTO version VALUES (?, ?)').run(digest, JSON.stringify(files));
        db.prepare('INSERT INTO period (digest, since) VALUES (?, ?)').run(digest, since);
      }
    });
  }

  function texts({ digest }: { digest: string }): readonly PolicyText[] | undefined {
    const row = filesOf.get(digest);
    if (row === undefined) return undefined;
    const files = JSON.parse(String(row['files'])) as readonly (readonly [string, string])[];
    return files.map(([name, sha256]) => ({ file: name, text: String(textOf.get(sha256)?.['text']) }));
  }

  const periods = (): readonly Begun[] =>
    all.all().map((row) => ({ digest: String(row['digest']), since: Number(row['since']) }));

  return { together: oneByOne({ enter, periods, texts }), close: () => db.close() };
}
