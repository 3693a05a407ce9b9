/** Where a log that is verified comes from. Nothing that a source gives is believed. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogReader } from '../provenance/log-store.ts';
import { HASH_SIZE } from '../tlog/hashing.ts';
import { TILE_WIDTH, type TilePlace, tilePath } from '../tlog/tile.ts';
import type { Bundle } from './bundle.ts';

export interface LogSource {
  /** The signed note. @throws with one sentence where there is none. */
  checkpoint(): Promise<string>;
  /** A bundle of at least `width` entries, not looked at yet; undefined where they are not there. @throws where it cannot be read. */
  bundle(index: number, width: number): Promise<Bundle | undefined>;
  /** The hashes of a tile; undefined where it is not there. */
  tile(place: TilePlace): Promise<Uint8Array | undefined>;
}

/** A folder in the layout of tlog-tiles, bundles as they are or compressed: an export, an archive (which is a part), a mirror. */
export function folderSource(folder: string): LogSource {
  return {
    async checkpoint() {
      const bytes = read(join(folder, 'checkpoint'));
      if (bytes === undefined) throw new Error(`${folder} holds no checkpoint`);
      return bytes.toString('utf8');
    },
    async bundle(index, width) {
      for (const wide of width === TILE_WIDTH ? [width] : [width, TILE_WIDTH]) {
        const file = join(folder, tilePath({ level: 'entries', index, width: wide }));
        for (const packed of [false, true]) {
          const path = packed ? `${file}.gz` : file;
          if (existsSync(path)) return { kind: 'file', file: path, packed, width: wide };
        }
      }
      return undefined;
    },
    async tile(place) {
      for (const width of place.width === TILE_WIDTH ? [TILE_WIDTH] : [place.width, TILE_WIDTH]) {
        const bytes = read(join(folder, tilePath({ ...place, width })));
        if (bytes !== undefined) return bytes.subarray(0, place.width * HASH_SIZE);
      }
      return undefined;
    },
  };
}

/** The log of a Warden in its file, with its archive; checkpoint and tiles from beside it. */
export function dataSource(folder: string, tlogFolder: string): LogSource {
  return {
    ...folderSource(tlogFolder),
    bundle: async (index, width) => ({ kind: 'log', folder, from: index * TILE_WIDTH, width }),
  };
}

/** The log of a Warden wherever it is kept. */
export function readerSource(reader: Pick<LogReader, 'entries'>, tlogFolder: string): LogSource {
  return {
    ...folderSource(tlogFolder),
    async bundle(index, width) {
      const entries = await reader.entries(index * TILE_WIDTH, width);
      if (entries.length !== width) return undefined;
      return { kind: 'entries', bytes: Buffer.concat(entries), lengths: entries.map(({ length }) => length) };
    },
  };
}

/** What one does not have the other may: entries of an archive below those of a log. */
export function firstOf(first: LogSource, second: LogSource): LogSource {
  return {
    checkpoint: first.checkpoint,
    bundle: async (index, width) => (await first.bundle(index, width)) ?? (await second.bundle(index, width)),
    tile: async (place) => (await first.tile(place)) ?? (await second.tile(place)),
  };
}

/** A running Warden, or any server of the layout. @param get answers undefined for 404. */
export function httpSource(get: (path: string) => Promise<Uint8Array | undefined>): LogSource {
  return {
    async checkpoint() {
      const bytes = await get('checkpoint');
      if (bytes === undefined) throw new Error('the server has no checkpoint');
      return Buffer.from(bytes).toString('utf8');
    },
    async bundle(index, width) {
      const path = tilePath({ level: 'entries', index, width });
      const bytes = await get(path);
      return bytes && { kind: 'bytes', bytes, width, name: path };
    },
    tile: (place) => get(tilePath(place)),
  };
}

/** Not by promises: thousands of small files are read one behind the other, and nothing else is to be done meanwhile. */
function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`${file} cannot be read: ${code}`);
  }
}
