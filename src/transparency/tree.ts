/**
 * The tree of the log while it grows, over its tile files. In memory are the tiles of its right edge alone, one for each
 * level; full tiles are written as soon as they are full, the others when they are flushed.
 */
import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { putFile, syncFolder } from '../store/durable-file.ts';
import { fromBase64, toBase64 } from '../tlog/base64.ts';
import { EMPTY_ROOT, HASH_SIZE, sameHash } from '../tlog/hashing.ts';
import type { Node } from '../tlog/nodes.ts';
import {
  hashesAt,
  nodeInTile,
  partialTiles,
  placeOfNode,
  rootFromTiles,
  rootOfTile,
  TILE_WIDTH,
  type TilePlace,
  tilePath,
  widthAt,
} from '../tlog/tile.ts';
import { nodesFromFiles, readIfThere, readTile, TileDamaged } from './tile-files.ts';

export interface GrowingTree {
  readonly size: () => number;
  readonly root: () => Uint8Array;
  /** Leaf hashes, in their order. */
  readonly append: (leaves: readonly Uint8Array[]) => void;
  /** Makes all tiles of the present size durable, and remembers it as the place to go on from. */
  readonly flush: () => void;
  /** Of the tree as it is. @throws {TileDamaged} */
  readonly node: (node: Node) => Uint8Array;
  /** Of an earlier size. @throws {TileDamaged} */
  readonly rootAt: (size: number) => Uint8Array;
  /** Goes on from an earlier size: what came after is written again. @throws {TileDamaged} */
  readonly goBackTo: (size: number) => void;
}

const STATE_FILE = 'state.json';
const stateSchema = z.strictObject({ size: z.int().min(0), root: z.string() });

/** Goes on where the files end; from nothing where they are not whole. */
export function openTree(folder: string): GrowingTree {
  let count = 0;
  /** The bytes of each level's last tile, which is not full. */
  let edge: Buffer[] = [];
  /** Folders with new names in them. */
  const unsynced = new Set<string>();
  /** What is written of partial tiles already, by level. */
  let written: (string | undefined)[] = [];

  function put(place: TilePlace, bytes: Uint8Array): void {
    const file = join(folder, tilePath(place));
    putFile(file, bytes, { syncFolder: false });
    // The folders above may be new too.
    for (let at = dirname(file); at.length >= folder.length; at = dirname(at)) unsynced.add(at);
  }

  function push(level: number, hash: Uint8Array): void {
    const position = hashesAt(level, count) % TILE_WIDTH;
    const bytes = edge[level] ?? Buffer.alloc(TILE_WIDTH * HASH_SIZE);
    edge[level] = bytes;
    bytes.set(hash, position * HASH_SIZE);
    if (position + 1 < TILE_WIDTH) return;
    const place = { level, index: Math.floor(hashesAt(level, count) / TILE_WIDTH), width: TILE_WIDTH };
    put(place, bytes);
    rmSync(join(folder, `${tilePath(place)}.p`), { recursive: true, force: true });
    push(level + 1, rootOfTile(bytes));
  }

  function edgeTile({ level, index, width }: TilePlace & { readonly level: number }): Uint8Array | undefined {
    const at = Math.floor(hashesAt(level, count) / TILE_WIDTH);
    return index === at ? edge[level]?.subarray(0, width * HASH_SIZE) : undefined;
  }

  let files: { readonly size: number; readonly node: (node: Node) => Uint8Array } | undefined;
  function node(wanted: Node): Uint8Array {
    const place = placeOfNode(wanted, count);
    const tile = edgeTile(place.tile);
    if (tile !== undefined) return nodeInTile(tile, place);
    if (files?.size !== count) files = { size: count, node: nodesFromFiles(folder, count) };
    return files.node(wanted);
  }

  function rootAt(size: number): Uint8Array {
    if (size > count) throw new RangeError(`the tree has ${count} entries, not ${size}`);
    return rootFromTiles(size, node);
  }

  /** Takes the right edge of the tree of `size` from what is there. */
  function goBackTo(size: number): void {
    const tiles = partialTiles(size).map((place) => {
      const level = place.level as number;
      const whole = { ...place, level, width: widthAt(level, place.index, count) };
      const bytes = edgeTile(whole) ?? readTile(folder, place);
      if (bytes === undefined)
        throw new TileDamaged(`${join(folder, tilePath(place))} is missing or cut short`);
      return { level, bytes: bytes.subarray(0, place.width * HASH_SIZE) };
    });
    edge = [];
    written = [];
    for (const { level, bytes } of tiles) {
      const tile = Buffer.alloc(TILE_WIDTH * HASH_SIZE);
      tile.set(bytes);
      edge[level] = tile;
    }
    count = size;
    files = undefined;
  }

  function load(): void {
    const bytes = readIfThere(join(folder, STATE_FILE));
    if (bytes === undefined) return;
    try {
      const state = stateSchema.parse(JSON.parse(bytes.toString('utf8')));
      goBackTo(state.size);
      if (sameHash(rootAt(count), fromBase64(state.root) ?? EMPTY_ROOT)) return;
    } catch {
      // Made again from the log, like all of this folder.
    }
    edge = [];
    written = [];
    count = 0;
  }
  load();

  return {
    size: () => count,
    root: () => rootAt(count),
    append(leaves) {
      for (const leaf of leaves) {
        push(0, leaf);
        count++;
      }
    },
    flush() {
      for (const place of partialTiles(count)) {
        const level = place.level as number;
        const path = tilePath(place);
        if (written[level] === path) continue;
        put(place, edgeTile({ ...place, level }) as Uint8Array);
        written[level] = path;
      }
      for (const one of unsynced) syncFolder(one);
      unsynced.clear();
      putFile(
        join(folder, STATE_FILE),
        `${JSON.stringify({ size: count, root: toBase64(rootAt(count)) })}\n`,
      );
    },
    node,
    rootAt,
    goBackTo,
  };
}
