/** Documents in a file, or in a database where the place is its address. */
import type { DocumentStore } from '../../src/store/documents.ts';
import { connectPostgres } from '../../src/store/postgres.ts';
import { parsePostgresAddress } from '../../src/store/postgres-address.ts';
import { DOCUMENT_TABLES, postgresDocuments } from '../../src/store/postgres-documents.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';

export async function openDocumentsAt(place: string): Promise<DocumentStore> {
  const parsed = parsePostgresAddress(place);
  if (!parsed.ok) return openSqliteDocuments({ file: place });
  const postgres = connectPostgres({
    ...{
      address: parsed.address,
      name: 'documents',
      connections: 4,
      timeoutMs: 5_000,
      families: [DOCUMENT_TABLES],
    },
  });
  return { ...postgresDocuments(postgres), close: () => postgres.close() };
}
