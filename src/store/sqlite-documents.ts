/** Documents in a SQLite file, in a thread of its own. Several processes may have the file open. */
import { DocumentExists, type DocumentStore, type Documents } from './documents.ts';
import type { DocumentRow, DocumentsOptions } from './documents-thread.ts';
import { isConstraint } from './failure-sentence.ts';
import { startThread, type Thread } from './thread.ts';

/** In the data folder. */
export const DOCUMENTS_FILE = 'credentials.db';

/**
 * @param start how the thread is started: a server does not wait for a disk in trouble.
 * @throws {StoreError} with one sentence when the file cannot be opened.
 */
export async function openSqliteDocuments(
  options: DocumentsOptions,
  start: (module: URL, options: unknown) => Promise<Thread> = startThread,
): Promise<DocumentStore> {
  const thread = await start(new URL('./documents-thread', import.meta.url), options);

  function of<T>(kind: string): Documents<T> {
    // What was written as a T is a T: nobody else writes the file.
    const read = ({ body, ...row }: DocumentRow) => ({ ...row, body: JSON.parse(body) as T });
    return {
      async get(id) {
        const row = await thread.call<DocumentRow | null>('get', { kind, id });
        return row === null ? undefined : read(row);
      },
      async list(filter) {
        const rows = await thread.call<DocumentRow[]>('list', { kind, subject: filter?.subject ?? null });
        return rows.map(read);
      },
      async create({ id, subject, expiresAt, body }) {
        const row = { kind, id, subject, expiresAt: expiresAt ?? null, body: JSON.stringify(body) };
        try {
          await thread.call('create', row);
        } catch (error) {
          throw isConstraint(error) ? new DocumentExists(kind, id) : error;
        }
      },
      replace: (id, version, { expiresAt, body }) =>
        thread.call<boolean>('replace', {
          ...{ kind, id, version, expiresAt: expiresAt ?? null },
          body: JSON.stringify(body),
        }),
      remove: (id, version) => thread.call<boolean>('remove', { kind, id, version: version ?? null }),
      removeExpired: (now) => thread.call<number>('removeExpired', { kind, now }),
    };
  }

  return {
    of,
    revision: (kind) => thread.call<number>('revision', kind ?? null),
    close: () => thread.close(),
  };
}
