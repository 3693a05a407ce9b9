/** The tiles of a log as files in a folder, in the layout in which they are also served. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HASH_SIZE } from '../tlog/hashing.ts';
import type { Node } from '../tlog/nodes.ts';
import { nodeInTile, placeOfNode, TILE_WIDTH, type TilePlace, tilePath } from '../tlog/tile.ts';

/** The last signed checkpoint, with the cosignatures that are there for it. */
export const CHECKPOINT_FILE = 'checkpoint';
/** The last one that as many witnesses cosigned as are wanted. */
export const COSIGNED_FILE = 'checkpoint.cosigned';
/** Behind the path of a bundle. Only full ones are files, and they are compressed. */
export const BUNDLE_ENDING = '.gz';

/** The `errcode` of TileDamaged, by which it is known on the other side of a thread. Negative, so that it is none of SQLite's. */
export const TILE_DAMAGED = -10;

/** A tile is missing, or is not what the tree says. It can be made again from the log. */
export class TileDamaged extends Error {
  override readonly name = 'TileDamaged';
  readonly errcode = TILE_DAMAGED;
}

/** @returns undefined where there is none; a file that was cut short is none. */
export function readTile(folder: string, place: TilePlace): Uint8Array | undefined {
  const full: TilePlace = { ...place, width: TILE_WIDTH };
  for (const one of place.width === TILE_WIDTH ? [full] : [place, full]) {
    const bytes = readIfThere(join(folder, tilePath(one)));
    if (bytes?.length === one.width * HASH_SIZE) return bytes.subarray(0, place.width * HASH_SIZE);
  }
  return undefined;
}

export function readIfThere(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return undefined;
    throw error;
  }
}

/** Tiles that are kept in memory: what one proof in a tree of 2^48 needs, several times. */
const CACHED = 64;

/**
 * The hashes of the tree of `size` from its files.
 *
 * @returns a function that throws {TileDamaged} where a tile is missing.
 */
export function nodesFromFiles(folder: string, size: number): (node: Node) => Uint8Array {
  const cache = new Map<string, Uint8Array>();
  return (node) => {
    const place = placeOfNode(node, size);
    const path = tilePath(place.tile);
    let tile = cache.get(path);
    if (tile === undefined) {
      tile = readTile(folder, place.tile);
      if (tile === undefined) throw new TileDamaged(`${join(folder, path)} is missing or cut short`);
      if (cache.size >= CACHED) cache.clear();
      cache.set(path, tile);
    }
    return nodeInTile(tile, place);
  };
}
