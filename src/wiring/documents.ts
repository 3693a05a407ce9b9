/** Opens what is durable and small: sessions, robots, grants, revocations. */
import { join } from 'node:path';
import type { DocumentStore } from '../store/documents.ts';
import { DOCUMENTS_FILE, openSqliteDocuments } from '../store/sqlite-documents.ts';
import type { Part } from './part.ts';

/** @throws {StoreError} with one sentence that names the file which cannot be opened. */
export async function openDocuments({ settings, endings }: Part): Promise<DocumentStore> {
  const store = await openSqliteDocuments({ file: join(settings.data, DOCUMENTS_FILE) });
  endings.defer(() => store.close());
  return store;
}
