/**
 * Writes the whole log into a folder, in the layout in which it is served: bundles of entries, the tiles of its tree and
 * its last checkpoint where there are any, and last a file that says what it holds.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import {
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { LogReader } from '../provenance/log-store.ts';
import { makeFolder } from '../store/make-folder.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { createCompactRange } from '../tlog/compact-range.ts';
import { leafHash } from '../tlog/hashing.ts';
import { TILE_WIDTH, tilePath, widthAt } from '../tlog/tile.ts';
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
  const size = await reader.size();
  const signed = signedSize(tree, size);
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
  if (signed > 0) {
    cpSync(join(tree, 'tile'), join(to, 'tile'), {
      recursive: true,
      filter: (from) => !from.endsWith('/entries'),
    });
    writeWhole(join(to, 'checkpoint'), readFileSync(join(tree, 'checkpoint')));
  }
  const exported: Exported = {
    format: FORMAT,
    version: 1,
    size,
    root: Buffer.from(range.root()).toString('base64'),
  };
  writeWhole(join(to, EXPORT_FILE), Buffer.from(`${JSON.stringify(exported, undefined, 2)}\n`));
  return exported;
}

/** Of the checkpoint; 0 where there is none that this log has reached. */
function signedSize(tree: string, size: number): number {
  const file = join(tree, 'checkpoint');
  if (!existsSync(file)) return 0;
  const parsed = parseCheckpoint(readFileSync(file, 'utf8').split('\n\n')[0]?.concat('\n') ?? '');
  return parsed.ok && parsed.checkpoint.size <= size ? parsed.checkpoint.size : 0;
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
  writeWhole(file, full ? gzipSync(bytes) : bytes);
}

/** Whole or not at all, whenever the process ends. */
function writeWhole(file: string, bytes: Uint8Array): void {
  makeFolder(dirname(file), 0o700);
  const handle = openSync(`${file}.new`, 'w', 0o600);
  try {
    writeSync(handle, bytes);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(`${file}.new`, file);
  const folder = openSync(dirname(file), 'r');
  fsyncSync(folder);
  closeSync(folder);
}
