/** A published log for each test of a file, started, stopped and started again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach } from '@jest/globals';
import { openCheckpoint } from '../../src/tlog/checkpoint.ts';
import { verifierKey } from '../../src/tlog/vkey.ts';
import { leavesOf, makeFolder, until } from '../provenance/a-log.ts';
import {
  type Keys,
  type LogPlaces,
  makeKeys,
  ORIGIN,
  type PublishedLog,
  startPublishedLog,
} from './a-published-log.ts';

export let folder: ReturnType<typeof makeFolder>;
export let places: LogPlaces;
export let keys: Keys;
let running: PublishedLog | undefined;

beforeEach(() => {
  folder = makeFolder();
  keys = makeKeys();
  places = { data: join(folder.path, 'data'), lockFile: join(folder.path, 'checkpoint.lock'), keys: [keys] };
});
afterEach(async () => {
  await stop();
  folder.remove();
});

export async function start(changes: Partial<LogPlaces> = {}): Promise<PublishedLog> {
  running = await startPublishedLog({ ...places, ...changes });
  return running;
}

export async function stop(): Promise<void> {
  await running?.stop();
  running = undefined;
}

export const tlog = (...parts: string[]): string => join(places.data, 'tlog', ...parts);

/** Fills the log with small records, many in one transaction, as a writer of long ago. */
export function fill(count: number, from = leavesOf(places.data).length): void {
  const db = new DatabaseSync(join(places.data, 'log.db'));
  const add = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
  db.exec('BEGIN IMMEDIATE');
  for (let index = from; index < from + count; index++) {
    add.run(index, Buffer.from(JSON.stringify({ type: 'made.up', index })));
  }
  db.prepare('UPDATE head SET size = ?').run(from + count);
  db.exec('COMMIT');
  db.close();
}

export async function signedAt({ publisher }: PublishedLog, size: number): Promise<void> {
  await until(
    `${size} entries are signed`,
    () => publisher.newest() !== undefined && publisher.state().signedSize >= size,
  );
}

export function published(...logs: Keys[]) {
  const own = (logs.length === 0 ? [keys] : logs).map((one) => verifierKey(ORIGIN, 1, one.publicKey));
  const opened = openCheckpoint(readFileSync(tlog('checkpoint')), own);
  if (!opened.ok) throw new Error(opened.reason);
  return opened;
}
