/**
 * Writes the whole log into a folder, in the layout in which it is served: bundles of entries, the tiles of its tree and
 * its last checkpoint where there are any, and last a file that says what it holds.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LogReader } from '../provenance/log-store.ts';
import { putFile } from '../store/durable-file.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { createCompactRange } from '../tlog/compact-range.ts';
import { HASH_SIZE, leafHash } from '../tlog/hashing.ts';
import { hashesAt, TILE_WIDTH, tilePath, widthAt } from '../tlog/tile.ts';
import { EXPORT_FILE, type Exported, FORMAT } from './exported.ts';

export interface ExportOptions {
  readonly reader: Pick<LogReader, 'size' | 'entries'>;
  /** Of the published tree; nothing is taken from it where it is not there. */
  readonly tree: string;
  readonly to: string;
  /** Called after each bundle. */
  onProgress?(entries: number, size: number): void;
}

/**
 * Goes on where an earlier one was broken off: a bundle that is there whole is not written again.
 *
 * @throws {Error} with one sentence, for a folder that holds another log, or an entry that the log has no more.
 */
export async function exportLog({ reader, tree, to, onProgress }: ExportOptions): Promise<Exported> {
  // The checkpoint first: the log has all of what was signed, and what is signed meanwhile is not of this export.
  const note = readIfThere(join(tree, 'checkpoint'));
  const size = await reader.size();
  const signed = note === undefined ? 0 : signedSize(note, size);
  const range = createCompactRange();
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = widthAt('entries', index, size);
    const entries = await reader.entries(index * TILE_WIDTH, width);
    if (entries.length !== width) {
      throw new Error(`the log has no entry ${index * TILE_WIDTH + entries.length}; was it archived?`);
    }
    for (const entry of entries) range.append(leafHash(entry));
    writeBundle(to, index, entries);
    // The checkpoint may be a little older than the log.
    const older = widthAt('entries', index, signed);
    if (older > 0 && older < width && width < TILE_WIDTH) writeBundle(to, index, entries.slice(0, older));
    onProgress?.(range.size(), size);
  }
  if (note !== undefined && signed > 0) {
    copyTiles(tree, to, signed);
    putFile(join(to, 'checkpoint'), note);
  }
  const exported: Exported = {
    format: FORMAT,
    version: 1,
    size,
    root: Buffer.from(range.root()).toString('base64'),
  };
  putFile(join(to, EXPORT_FILE), `${JSON.stringify(exported, undefined, 2)}\n`);
  return exported;
}

/** Of the checkpoint; 0 where this log has not reached it. */
function signedSize(note: Uint8Array, size: number): number {
  const parsed = parseCheckpoint(Buffer.from(note).toString('utf8').split('\n\n')[0]?.concat('\n') ?? '');
  return parsed.ok && parsed.checkpoint.size <= size ? parsed.checkpoint.size : 0;
}

/** Those of the tree of `signed`, however far it has grown since. One that is missing can be made from the entries. */
function copyTiles(tree: string, to: string, signed: number): void {
  for (let level = 0; hashesAt(level, signed) > 0; level++) {
    for (let index = 0; index * TILE_WIDTH < hashesAt(level, signed); index++) {
      const place = { level, index, width: widthAt(level, index, signed) };
      const bytes =
        readIfThere(join(tree, tilePath(place))) ??
        readIfThere(join(tree, tilePath({ ...place, width: TILE_WIDTH })));
      if (bytes === undefined) continue;
      putFile(join(to, tilePath(place)), bytes.subarray(0, place.width * HASH_SIZE));
    }
  }
}

function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}

function writeBundle(to: string, index: number, entries: readonly Uint8Array[]): void {
  const width = entries.length;
  const full = width === TILE_WIDTH;
  const file = join(to, `${tilePath({ level: 'entries', index, width })}${full ? '.gz' : ''}`);
  const bytes = Buffer.from(encodeBundle(entries));
  if (existsSync(file)) {
    const there = readFileSync(file);
    if ((full ? gunzipSync(there) : there).equals(bytes)) return;
    throw new Error(
      `${file} is there already, and holds other entries; expected an empty folder, or this log`,
    );
  }
  putFile(file, full ? gzipSync(bytes) : bytes);
}
