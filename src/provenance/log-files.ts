/** Looks at the log's files that SQLite does not take by itself: whether they are whole at a start, and still in their place. */
import { type Stats, statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { FILE_GONE } from '../store/thread.ts';

/** As SQLite says of a damaged page. */
const CORRUPT = 11;
/** As it says of a disk that fails. */
const IO_ERROR = 10;

/**
 * The parts that every write relies on: the tables of intents and tags, the head, and the last record. All records are
 * the business of `warden log verify`, which takes its time.
 *
 * @throws {Error} with one sentence and SQLite's code of a damaged file.
 */
export function requireWhole(db: DatabaseSync, what: string): void {
  for (const table of ['intent', 'tag', 'head', 'meta']) {
    const said = String(db.prepare(`PRAGMA quick_check('${table}')`).get()?.['quick_check']);
    if (said !== 'ok') throw damaged(`${what}: its content is damaged (table ${table}: ${firstLine(said)})`);
  }
  const size = db.prepare('SELECT size FROM head').get()?.['size'];
  const last = db.prepare('SELECT max(idx) AS idx FROM entry').get()?.['idx'] ?? null;
  if (last !== null && last !== Number(size) - 1) {
    throw damaged(`${what}: its content is damaged (it says ${size} records, and the last one is ${last})`);
  }
  if (last === null) return;
  const leaf = db.prepare('SELECT leaf FROM entry WHERE idx = ?').get(last)?.['leaf'];
  try {
    JSON.parse(Buffer.from(leaf as Uint8Array).toString('utf8'));
  } catch {
    throw damaged(`${what}: its content is damaged (record ${last} cannot be read)`);
  }
}

/**
 * A file that is taken away or replaced while it is open goes on taking writes which nobody finds again. The returned
 * look costs a few microseconds.
 *
 * @param files one that is not there yet is known from when it is.
 */
export function watchFiles(files: readonly string[]): () => void {
  const known = new Map<string, string>();
  function look(): void {
    for (const file of files) {
      const seen = statOf(file);
      const before = known.get(file);
      const name = seen && `${seen.dev}:${seen.ino}`;
      if (before !== undefined && name !== before) {
        const message = `${file} was ${seen ? 'replaced' : 'removed'} while it was in use`;
        throw Object.assign(new Error(message), { errcode: FILE_GONE });
      }
      if (before === undefined && name !== undefined) known.set(file, name);
    }
  }
  look();
  return look;
}

/** @returns undefined where there is none. @throws {Error} with SQLite's code where the disk does not say, as one that failed. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw Object.assign(new Error((error as Error).message), { errcode: IO_ERROR });
  }
}

function damaged(message: string): Error {
  return Object.assign(new Error(message), { errcode: CORRUPT });
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
