/** Opens the documents that the settings name, for a command: those in the data folder, or in the database that instances share. */
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { DocumentStore } from '../store/documents.ts';
import { connectPostgres } from '../store/postgres.ts';
import { DOCUMENT_TABLES, postgresDocuments } from '../store/postgres-documents.ts';
import { readDatabase } from '../store/postgres-file.ts';
import { DOCUMENTS_FILE, openSqliteDocuments } from '../store/sqlite-documents.ts';

/** @throws {Error} with one sentence when they cannot be opened. */
export async function openDocumentsOf({
  data,
  store,
}: Pick<Settings, 'data' | 'store'>): Promise<DocumentStore> {
  if (store === undefined) return openSqliteDocuments({ file: join(data, DOCUMENTS_FILE) });
  const read = readDatabase(store.postgresUrlFile, store.caFile);
  if (!read.ok) throw new Error(`${read.file}: ${read.reason}`);
  const postgres = connectPostgres({
    ...read.database,
    ...{ name: 'registry-warden command', connections: 1, families: [DOCUMENT_TABLES] },
    timeoutMs: store.timeoutSeconds * 1000,
  });
  return { ...postgresDocuments(postgres), close: () => postgres.close() };
}
