/** Documents in PostgreSQL, shared by several instances. */
import { DocumentExists, type DocumentStore, type Documents, type StoredDocument } from './documents.ts';
import type { Ask, Postgres } from './postgres.ts';
import type { PostgresFamily } from './postgres-schema.ts';

/**
 * As in the SQLite file. `counter` is the one number of all writes; whoever writes has the lock of its row until that is
 * committed, so nobody sees a revision before all that are lower.
 */
const FIRST = `
  CREATE TABLE warden.document (
    kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, version bigint NOT NULL,
    subject text COLLATE "C" NOT NULL, expires_at bigint, body text NOT NULL,
    PRIMARY KEY (kind, id)
  );
  CREATE INDEX document_subject ON warden.document (kind, subject);
  CREATE INDEX document_expiry ON warden.document (kind, expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE warden.counter (one boolean PRIMARY KEY DEFAULT true CHECK (one), value bigint NOT NULL);
  INSERT INTO warden.counter (value) VALUES (0);
  CREATE TABLE warden.revision (kind text COLLATE "C" PRIMARY KEY, value bigint NOT NULL);
`;

export const DOCUMENT_TABLES: PostgresFamily = { name: 'documents', steps: [FIRST] };

interface Row extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly version: string;
  readonly subject: string;
  readonly expires_at: string | null;
  readonly body: string;
}

/** @param postgres closed by whoever opened it. */
export function postgresDocuments(postgres: Postgres): DocumentStore {
  /** @param work is given the number of this write, and answers how many documents it changed. */
  function write(kind: string, work: (ask: Ask, version: string) => Promise<number>): Promise<number> {
    return postgres.transaction(async (ask) => {
      const [counter] = await ask<{ next: string }>(
        'SELECT value + 1 AS next FROM warden.counter FOR UPDATE',
      );
      const version = counter?.next ?? '';
      const changed = await work(ask, version);
      if (changed > 0) {
        await ask(
          `WITH moved AS (UPDATE warden.counter SET value = $2)
           INSERT INTO warden.revision VALUES ($1, $2) ON CONFLICT (kind) DO UPDATE SET value = excluded.value`,
          [kind, version],
        );
      }
      return changed;
    });
  }

  function of<T>(kind: string): Documents<T> {
    // What was written as a T is a T: nobody else writes the table.
    const read = (row: Row): StoredDocument<T> => ({
      id: row.id,
      version: Number(row.version),
      subject: row.subject,
      expiresAt: row.expires_at === null ? undefined : Number(row.expires_at),
      body: JSON.parse(row.body) as T,
    });
    return {
      async get(id) {
        const [row] = await postgres.ask<Row>('SELECT * FROM warden.document WHERE kind = $1 AND id = $2', [
          kind,
          id,
        ]);
        return row && read(row);
      },
      async list(filter) {
        const rows = await postgres.ask<Row>(
          'SELECT * FROM warden.document WHERE kind = $1 AND ($2::text IS NULL OR subject = $2) ORDER BY id',
          [kind, filter?.subject ?? null],
        );
        return rows.map(read);
      },
      async create({ id, subject, expiresAt, body }) {
        const values = [kind, id, subject, expiresAt ?? null, JSON.stringify(body)];
        const created = await write(kind, async (ask, version) => {
          const rows = await ask(
            `INSERT INTO warden.document (kind, id, subject, expires_at, body, version) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT DO NOTHING RETURNING id`,
            [...values, version],
          );
          return rows.length;
        });
        if (created === 0) throw new DocumentExists(kind, id);
      },
      async replace(id, version, { expiresAt, body }) {
        const replaced = await write(kind, async (ask, next) => {
          const rows = await ask(
            `UPDATE warden.document SET version = $1, expires_at = $2, body = $3
             WHERE kind = $4 AND id = $5 AND version = $6 RETURNING id`,
            [next, expiresAt ?? null, JSON.stringify(body), kind, id, version],
          );
          return rows.length;
        });
        return replaced > 0;
      },
      async remove(id, version) {
        const removed = await write(kind, async (ask) => {
          const rows = await ask(
            `DELETE FROM warden.document WHERE kind = $1 AND id = $2 AND ($3::bigint IS NULL OR version = $3) RETURNING id`,
            [kind, id, version ?? null],
          );
          return rows.length;
        });
        return removed > 0;
      },
      removeExpired: (now) =>
        write(kind, async (ask) => {
          const rows = await ask(
            'DELETE FROM warden.document WHERE kind = $1 AND expires_at <= $2 RETURNING id',
            [kind, now],
          );
          return rows.length;
        }),
    };
  }

  return {
    of,
    async revision(kind) {
      const [row] = await postgres.ask<{ value: string }>(
        'SELECT coalesce(max(value), 0) AS value FROM warden.revision WHERE $1::text IS NULL OR kind = $1',
        [kind ?? null],
      );
      return Number(row?.value);
    },
    async close() {
      // The connections are not the documents'.
    },
  };
}
