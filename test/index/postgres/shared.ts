/** One log in a file and in a PostgreSQL, with an index of each. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { INDEX_SCHEMA } from '../../../src/index/postgres/schema.ts';
import { startSharedIndex } from '../../../src/index/postgres/shared-index.ts';
import { TABLES } from '../../../src/index/sqlite/schema.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import type { PushRecord } from '../../../src/provenance/record.ts';
import { openSqliteLog } from '../../../src/provenance/sqlite-log.ts';
import { parsePostgresAddress } from '../../../src/store/postgres-address.ts';
import type { Thread } from '../../../src/store/thread.ts';
import { connectTo } from '../../support/postgres-log.ts';

export function startIndexAt(address: string, bulkFrom?: number): Promise<Thread> {
  const parsed = parsePostgresAddress(address);
  if (!parsed.ok) throw new Error(parsed.reason);
  return startSharedIndex({
    target: { address: parsed.address, timeoutMs: 5_000 },
    ...(bulkFrom !== undefined && { bulkFrom }),
  });
}

export async function appendToFile(folder: string, records: readonly PushRecord[]): Promise<void> {
  const store = await openSqliteLog({ folder });
  await Promise.all(records.map((record) => store.append(record)));
  await store.close();
}

/** The entries of one log, as if they were all that there are so far: up to `end`. */
export function upTo(log: LogReader, end: number): LogReader {
  return {
    ...log,
    size: async () => Math.min(end, await log.size()),
    entries: (from, limit) => log.entries(from, Math.max(0, Math.min(limit, end - from))),
  };
}

export type Tables = Readonly<Record<string, readonly string[]>>;

/** What is kept with each record, in the columns of the file: in PostgreSQL some are tables, and some are views. */
const COLUMNS = new Map(
  [...TABLES.matchAll(/CREATE TABLE (\w+) \(([^;]*)\)[^;)]*;/g)].flatMap(([, name = '', columns = '']) =>
    name.includes('_late')
      ? []
      : [
          [
            name,
            [...columns.matchAll(/(\w+) (?:INTEGER|TEXT|BLOB)/g)].map(([, column]) => column).join(', '),
          ] as const,
        ],
  ),
);

export async function tablesAt(address: string): Promise<Tables> {
  const postgres = connectTo(address, 60_000);
  const tables: Record<string, readonly string[]> = {};
  for (const [name, columns] of COLUMNS) {
    const some = { digest: ' WHERE digest IS NOT NULL', rule: ' WHERE rule IS NOT NULL' }[name] ?? '';
    tables[name] = (await postgres.ask(`SELECT ${columns} FROM ${INDEX_SCHEMA}.${name}${some}`))
      .map(rowText)
      .sort();
  }
  await postgres.close();
  return tables;
}

export function tablesIn(folder: string): Tables {
  const db = new DatabaseSync(join(folder, 'index.db'), { readOnly: true });
  try {
    return Object.fromEntries(
      [...COLUMNS].map(([name, columns]) => [
        name,
        db.prepare(`SELECT ${columns} FROM ${name}`).all().map(rowText).sort(),
      ]),
    );
  } finally {
    db.close();
  }
}

function rowText(row: object): string {
  const cells = Object.entries(row).map(([name, value]) => {
    if (value instanceof Uint8Array) return [name, Buffer.from(value).toString('hex')];
    return [name, value === null ? null : String(value)];
  });
  return JSON.stringify(
    Object.fromEntries(cells.sort(([one], [other]) => (String(one) < String(other) ? -1 : 1))),
  );
}

/** Copies the entries of a log as they are. */
export async function copyLog(from: LogReader, address: string): Promise<void> {
  const postgres = connectTo(address, 60_000);
  const size = await from.size();
  for (let at = 0; at < size; at += 1_000) {
    const leaves = await from.entries(at, 1_000);
    await postgres.ask(
      `INSERT INTO warden.entry SELECT $1::bigint + at - 1, gen_random_uuid(), leaf
       FROM unnest($2::bytea[]) WITH ORDINALITY AS rows(leaf, at)`,
      [at, leaves.map((leaf) => Buffer.from(leaf))],
    );
  }
  await postgres.ask('UPDATE warden.head SET size = $1', [size]);
  await postgres.close();
}
