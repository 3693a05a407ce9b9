/** Where a log that is verified comes from. Nothing that a source gives is believed. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { LogReader } from '../provenance/log-store.ts';
import { decodeBundle } from '../tlog/bundle.ts';
import { HASH_SIZE } from '../tlog/hashing.ts';
import { TILE_WIDTH, type TilePlace, tilePath } from '../tlog/tile.ts';

export interface LogSource {
  /** The signed note. @throws with one sentence where there is none. */
  checkpoint(): Promise<string>;
  /** The entries of a bundle, as many as `width`; undefined where they are not there. @throws where they cannot be read. */
  entries(index: number, width: number): Promise<readonly Uint8Array[] | undefined>;
  /** The hashes of a tile; undefined where it is not there. */
  tile(place: TilePlace): Promise<Uint8Array | undefined>;
}

const decompress = promisify(gunzip);
/** In bytes: 256 entries of the greatest length. */
const BUNDLE_LIMIT = TILE_WIDTH * (2 + 65_535);

/** A folder in the layout of tlog-tiles, bundles as they are or compressed: an export, an archive, a mirror. */
export function folderSource(folder: string): LogSource {
  return {
    async checkpoint() {
      const bytes = await read(join(folder, 'checkpoint'));
      if (bytes === undefined) throw new Error(`${folder} holds no checkpoint`);
      return bytes.toString('utf8');
    },
    async entries(index, width) {
      for (const wide of width === TILE_WIDTH ? [width] : [width, TILE_WIDTH]) {
        const file = join(folder, tilePath({ level: 'entries', index, width: wide }));
        const plain = await read(file);
        const packed = plain === undefined ? await read(`${file}.gz`) : undefined;
        const bytes = plain ?? (packed && (await unpack(packed, `${file}.gz`)));
        if (bytes === undefined) continue;
        const decoded = decodeBundle(bytes, wide);
        if (!decoded.ok) throw new Error(`${file}: ${decoded.reason}`);
        return decoded.entries.slice(0, width);
      }
      return undefined;
    },
    async tile(place) {
      for (const width of place.width === TILE_WIDTH ? [TILE_WIDTH] : [place.width, TILE_WIDTH]) {
        const bytes = await read(join(folder, tilePath({ ...place, width })));
        if (bytes !== undefined) return bytes.subarray(0, place.width * HASH_SIZE);
      }
      return undefined;
    },
  };
}

/** The log of a Warden: its entries from the log itself, checkpoint and tiles from beside it. */
export function dataSource(reader: Pick<LogReader, 'entries'>, tlogFolder: string): LogSource {
  const files = folderSource(tlogFolder);
  return {
    checkpoint: files.checkpoint,
    async entries(index, width) {
      const entries = await reader.entries(index * TILE_WIDTH, width);
      return entries.length === width ? entries : undefined;
    },
    tile: files.tile,
  };
}

/** What one does not have the other may: entries of an archive below those of a log. */
export function firstOf(first: LogSource, second: LogSource): LogSource {
  return {
    checkpoint: first.checkpoint,
    entries: async (index, width) =>
      (await first.entries(index, width)) ?? (await second.entries(index, width)),
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
    async entries(index, width) {
      const path = tilePath({ level: 'entries', index, width });
      const bytes = await get(path);
      if (bytes === undefined) return undefined;
      const decoded = decodeBundle(bytes, width);
      if (!decoded.ok) throw new Error(`${path}: ${decoded.reason}`);
      return decoded.entries;
    },
    tile: (place) => get(tilePath(place)),
  };
}

async function unpack(bytes: Uint8Array, file: string): Promise<Buffer> {
  try {
    return await decompress(bytes, { maxOutputLength: BUNDLE_LIMIT });
  } catch {
    throw new Error(`${file} cannot be unpacked`);
  }
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`${file} cannot be read: ${code}`);
  }
}
