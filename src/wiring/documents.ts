/** Opens what is durable and small: sessions, robots, grants, revocations. */
import { join } from 'node:path';
import type { DocumentStore } from '../store/documents.ts';
import { postgresDocuments } from '../store/postgres-documents.ts';
import { DOCUMENTS_FILE, openSqliteDocuments } from '../store/sqlite-documents.ts';
import type { Databases } from './database.ts';
import type { Part } from './part.ts';
import { storeThread } from './store-thread.ts';

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export async function openDocuments(part: Part, databases: Databases | undefined): Promise<DocumentStore> {
  if (databases) return postgresDocuments(databases.shared);
  const file = join(part.settings.data, DOCUMENTS_FILE);
  return openSqliteDocuments({ file }, (module, options) =>
    storeThread(part, { without: 'no login goes on by a refresh token', module, options }),
  );
}
