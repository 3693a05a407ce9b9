/**
 * Sessions of a release that kept them in a file of their own: taken over at the first start, so that an upgrade logs
 * nobody out. The file goes away when all are safe; where that was interrupted, the next start goes on.
 */
import { existsSync, rmSync } from 'node:fs';
import { DocumentExists, type Documents } from '../store/documents.ts';
import { openDatabase } from '../store/open-database.ts';
import { type Lifetimes, type SessionBody, sessionEnd } from './sessions.ts';

export interface AdoptSessionsOptions extends Lifetimes {
  /** The file of the earlier release; nothing is done where there is none. */
  readonly file: string;
  readonly documents: Documents<SessionBody>;
}

/** @returns how many were taken over. @throws {Error} with one sentence when the file cannot be read. */
export async function adoptSessions({
  file,
  documents,
  ...lifetimes
}: AdoptSessionsOptions): Promise<number> {
  if (!existsSync(file)) return 0;
  const db = openDatabase({
    file,
    called: 'the sessions',
    version: 1,
    // For a file that was made and never filled: without its table there is nothing to take over.
    schema: 'CREATE TABLE session (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID',
    synchronous: 'FULL',
    pageSize: 4096,
    timeoutMs: 2000,
  });
  let rows: readonly Readonly<Record<string, unknown>>[];
  try {
    rows = db.prepare('SELECT * FROM session').all();
  } finally {
    db.close();
  }
  // Together: the documents are written in groups.
  await Promise.all(rows.map((row) => adopt(documents, row, lifetimes)));
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
  return rows.length;
}

async function adopt(
  documents: Documents<SessionBody>,
  row: Readonly<Record<string, unknown>>,
  lifetimes: Lifetimes,
): Promise<void> {
  const body: SessionBody = {
    digest: Buffer.from(row['digest'] as Uint8Array).toString('base64url'),
    service: String(row['service']),
    credential: String(row['credential']),
    clientId: String(row['client_id']),
    startedAt: Number(row['started_at']),
    startAddress: String(row['start_address']),
    usedAt: Number(row['used_at']),
    useAddress: String(row['use_address']),
  };
  const expiresAt = sessionEnd(body, lifetimes);
  try {
    await documents.create({ id: String(row['id']), subject: String(row['subject']), expiresAt, body });
  } catch (error) {
    // From a take-over that was interrupted.
    if (!(error instanceof DocumentExists)) throw error;
  }
}
