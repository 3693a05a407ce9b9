/**
 * The tree cut into tiles: 256 hashes of one level, by which a log is served as plain files.
 *
 * @see https://c2sp.org/tlog-tiles
 */
import { rootOf } from './compact-range.ts';
import { HASH_SIZE, nodeHash } from './hashing.ts';
import type { Node } from './nodes.ts';
import { nodesOfRange } from './nodes.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;
/** Levels of the tree within a tile. */
export const TILE_HEIGHT = 8;
/** Above this no tree of 2^53 entries has a tile. */
const LEVEL_LIMIT = 63;

export interface TilePlace {
  /** Of the tile: its hashes are roots of 256^level leaves. `entries` is a bundle. */
  readonly level: number | 'entries';
  readonly index: number;
  /** Hashes in it, 1 to 256. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]` below the log's prefix. */
export function tilePath({ level, index, width }: TilePlace): string {
  const groups = String(index)
    .padStart(Math.ceil(String(index).length / 3) * 3, '0')
    .match(/\d{3}/g) as string[];
  const path = groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
  return `tile/${level}/${path}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

const PATH = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** @returns undefined for what `tilePath` would not write. */
export function parseTilePath(path: string): TilePlace | undefined {
  const [, level = '', groups = '', width] = PATH.exec(path) ?? [];
  const place: TilePlace = {
    level: level === 'entries' ? level : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  if (place.level !== 'entries' && place.level > LEVEL_LIMIT) return undefined;
  return Number.isSafeInteger(place.index) && tilePath(place) === path ? place : undefined;
}

/** How many hashes of a tile level a tree of `size` has. */
export function hashesAt(level: number, size: number): number {
  return Math.floor(size / TILE_WIDTH ** level);
}

/** How wide the tile is in a tree of `size`: 0 where it has none. */
export function widthAt(level: number | 'entries', index: number, size: number): number {
  const there = hashesAt(level === 'entries' ? 0 : level, size) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, there));
}

/** The tiles of a tree of `size` that are not full, lowest level first. They hold the whole right edge. */
export function partialTiles(size: number): readonly TilePlace[] {
  const tiles: TilePlace[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const width = count % TILE_WIDTH;
    if (width > 0) tiles.push({ level, index: Math.floor(count / TILE_WIDTH), width });
  }
  return tiles;
}

/** In which tile of a tree of `size` a node lies; it is `root` of the `count` hashes from `first` on in it. */
export interface NodePlace {
  readonly tile: TilePlace & { readonly level: number };
  readonly first: number;
  readonly count: number;
}

/** `node` must lie wholly in the tree of `size`. */
export function placeOfNode({ level, index }: Node, size: number): NodePlace {
  const tileLevel = Math.floor(level / TILE_HEIGHT);
  const count = 2 ** (level % TILE_HEIGHT);
  const position = index * count;
  const tile = Math.floor(position / TILE_WIDTH);
  return {
    tile: { level: tileLevel, index: tile, width: widthAt(tileLevel, tile, size) },
    first: position % TILE_WIDTH,
    count,
  };
}

/** The hash of a node from the bytes of its tile. */
export function nodeInTile(
  tile: Uint8Array,
  { first, count }: Pick<NodePlace, 'first' | 'count'>,
): Uint8Array {
  let row: Uint8Array[] = [];
  for (let at = first; at < first + count; at++) row.push(hashInTile(tile, at));
  while (row.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < row.length; at += 2) {
      above.push(nodeHash(row[at] as Uint8Array, row[at + 1] as Uint8Array));
    }
    row = above;
  }
  return row[0] as Uint8Array;
}

/** @throws {RangeError} where the tile is not that wide. */
export function hashInTile(tile: Uint8Array, position: number): Uint8Array {
  const hash = tile.subarray(position * HASH_SIZE, (position + 1) * HASH_SIZE);
  if (hash.length !== HASH_SIZE) throw new RangeError(`the tile has no hash ${position}`);
  return hash;
}

/** What the level above holds for a full tile. */
export function rootOfTile(tile: Uint8Array): Uint8Array {
  return nodeInTile(tile, { first: 0, count: TILE_WIDTH });
}

/** The root of the tree of `size`, by its tiles. */
export function rootFromTiles(size: number, nodeOf: (node: Node) => Uint8Array): Uint8Array {
  return rootOf(nodesOfRange(0, size).map(nodeOf));
}
