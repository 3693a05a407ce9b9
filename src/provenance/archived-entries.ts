/**
 * Entries that were taken out of the log into an archive: a folder of bundles in the layout of tlog-tiles. The log says up
 * to which entry and where, so whoever reads it reads on there, as long as the folder can be reached.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { gunzip, gunzipSync } from 'node:zlib';
import { BundleDamaged, decodeBundle } from '../tlog/bundle.ts';
import { TILE_WIDTH, tilePath } from '../tlog/tile.ts';

export interface Archived {
  /** Entries below it are in the archive alone; a multiple of a bundle. */
  readonly until: number;
  readonly folder: string;
}

const unpack = promisify(gunzip);
const KEY = 'archived';
/** In bytes, unpacked: 256 entries of the greatest length. */
const BUNDLE_LIMIT = TILE_WIDTH * (2 + 65_535);

/** @param db log.db. @returns undefined where nothing was archived. */
export function archivedOf(db: DatabaseSync): Archived | undefined {
  const value = db.prepare('SELECT value FROM meta WHERE key = ?').get(KEY)?.['value'];
  return typeof value === 'string' ? (JSON.parse(value) as Archived) : undefined;
}

/**
 * In a transaction of the caller's.
 *
 * @throws {Error} with one sentence where somebody else has begun another archive meanwhile: readers look in one folder.
 */
export function setArchived(db: DatabaseSync, archived: Archived): void {
  const before = archivedOf(db);
  if (before !== undefined && before.folder !== archived.folder) throw otherArchive(before);
  if (before !== undefined && before.until > archived.until) return;
  db.prepare('INSERT OR REPLACE INTO meta VALUES (?, ?)').run(KEY, JSON.stringify(archived));
}

export function otherArchive({ until, folder }: Archived): Error {
  return new Error(`records below ${until} are in ${folder}: an archive is one folder`);
}

/** Reads entries in their order, from the log and, below, from its archive. @throws {Error} that says where they are. */
export function entriesOf(db: DatabaseSync): (from: number, limit: number) => Uint8Array[] {
  const rows = db.prepare('SELECT leaf FROM entry WHERE idx >= ? ORDER BY idx LIMIT ?');
  const first = db.prepare('SELECT min(idx) AS idx FROM entry');
  return (from, limit) => {
    const entries: Uint8Array[] = [];
    // What is in the log is read there, also while an archiving is under way.
    const lowest = from === 0 || isBelow(from) ? Number(first.get()?.['idx'] ?? 0) : 0;
    const archived = from < lowest ? archivedOf(db) : undefined;
    if (archived) {
      // Beyond it the archive has nothing: an entry that is missing there was taken away.
      const end = Math.min(lowest, archived.until);
      for (let at = from; at < end && entries.length < limit; at = from + entries.length) {
        const bundle = readBundle(archived, Math.floor(at / TILE_WIDTH));
        entries.push(...bundle.slice(at % TILE_WIDTH, Math.min(TILE_WIDTH, end - at + (at % TILE_WIDTH))));
      }
      entries.splice(limit);
    }
    const left = limit - entries.length;
    if (left > 0) {
      entries.push(...rows.all(from + entries.length, left).map((row) => row['leaf'] as Uint8Array));
    }
    return entries;
  };

  function isBelow(from: number): boolean {
    return db.prepare('SELECT 1 FROM entry WHERE idx = ?').get(from) === undefined;
  }
}

function readBundle(archived: Archived, index: number): readonly Uint8Array[] {
  const file = bundleFile(archived, index);
  let packed: Buffer;
  try {
    packed = readFileSync(file);
  } catch (error) {
    throw outOfReach(archived, error);
  }
  try {
    return decoded(file, gunzipSync(packed, { maxOutputLength: BUNDLE_LIMIT }));
  } catch (error) {
    throw damaged(file, error);
  }
}

/** The same beside other work: of a log whose readers are not in a thread of their own. */
export async function readArchivedBundle(archived: Archived, index: number): Promise<readonly Uint8Array[]> {
  const file = bundleFile(archived, index);
  let packed: Buffer;
  try {
    packed = await readFile(file);
  } catch (error) {
    throw outOfReach(archived, error);
  }
  try {
    return decoded(file, await unpack(packed, { maxOutputLength: BUNDLE_LIMIT }));
  } catch (error) {
    throw damaged(file, error);
  }
}

function bundleFile({ folder }: Archived, index: number): string {
  return join(folder, `${tilePath({ level: 'entries', index, width: TILE_WIDTH })}.gz`);
}

function outOfReach({ folder, until }: Archived, error: unknown): Error {
  const { code, message } = error as { code?: string; message: string };
  return new Error(
    `records below ${until} are in the archive ${folder}, which cannot be read: ${code ?? message}`,
  );
}

function damaged(file: string, error: unknown): Error {
  return error instanceof BundleDamaged ? error : new BundleDamaged(`${file} cannot be unpacked`);
}

function decoded(file: string, bytes: Uint8Array): readonly Uint8Array[] {
  const bundle = decodeBundle(bytes, TILE_WIDTH);
  if (!bundle.ok) throw new BundleDamaged(`${file}: ${bundle.reason}`);
  return bundle.entries;
}
