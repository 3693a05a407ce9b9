/** Makes the tree of a log again from its leaf hashes, and holds it against its tiles and against earlier roots on the way. */
import { createCompactRange } from '../tlog/compact-range.ts';
import { HASH_SIZE, sameHash } from '../tlog/hashing.ts';
import { hashesAt, hashInTile, rootOfTile, TILE_HEIGHT, TILE_WIDTH, tilePath } from '../tlog/tile.ts';
import type { LogSource } from './source.ts';

export interface TreeWalkOptions {
  readonly source: Pick<LogSource, 'tile'>;
  /** Of the whole tree. */
  readonly size: number;
  /** Roots that the tree must have on its way, by size. */
  readonly older: ReadonlyMap<number, readonly { readonly name: string; readonly root: Uint8Array }[]>;
  readonly say: (sentence: string, index?: number) => void;
}

export interface TreeWalk {
  /** The leaf hashes of the next bundle. @param root of a full one, where it is known. */
  add(hashes: Uint8Array, root: Uint8Array | undefined): Promise<void>;
  /** When all were added: what is left to be compared. */
  end(): Promise<void>;
  root(): Uint8Array;
  /** Those that were there, and compared. */
  tiles(): number;
}

export function createTreeWalk({ source, size, older, say }: TreeWalkOptions): TreeWalk {
  const range = createCompactRange();
  /** Of the levels above the leaves: the hashes of the tile that is not full yet. */
  const edges: Uint8Array[][] = [];
  const sizes = [...older.keys()].sort((a, b) => a - b);
  let next = 0;
  let tiles = 0;

  function compareOlder(at: number, made: Uint8Array): void {
    for (const { name, root } of older.get(at) ?? []) {
      if (!sameHash(made, root))
        say(`${name}: the first ${at} entries of the log are not those that it was signed for`);
    }
  }

  /** Those that end within the hashes which come now. */
  function compareWithin(hashes: Uint8Array): void {
    const begin = range.size();
    const end = begin + hashes.length / HASH_SIZE;
    if ((sizes[next] ?? Number.POSITIVE_INFINITY) > end) return;
    const some = createCompactRange(begin, range.roots());
    for (let wanted = sizes[next]; wanted !== undefined && wanted <= end; wanted = sizes[++next]) {
      while (some.size() < wanted) some.append(hashInTile(hashes, some.size() - begin));
      compareOlder(wanted, some.root());
    }
  }

  async function compareTile(level: number, index: number, hashes: Uint8Array): Promise<void> {
    const place = { level, index, width: hashes.length / HASH_SIZE };
    const tile = await source.tile(place);
    if (tile === undefined) return;
    tiles++;
    if (tile.length !== hashes.length) return say(`${tilePath(place)} has the wrong length`);
    if (sameHash(hashes, tile)) return;
    if (level > 0) return say(`${tilePath(place)} is not what the tiles below it give`);
    for (let at = 0; at < place.width; at++) {
      if (sameHash(hashInTile(hashes, at), hashInTile(tile, at))) continue;
      const entry = index * TILE_WIDTH + at;
      return say(`entry ${entry} is not the one that ${tilePath(place)} has the hash of`, entry);
    }
  }

  /** @param count how many leaves the tree has with it. */
  async function push(level: number, hash: Uint8Array, count: number): Promise<void> {
    const edge = edges[level] ?? [];
    edges[level] = edge;
    edge.push(hash);
    if (edge.length < TILE_WIDTH) return;
    edges[level] = [];
    const whole = Buffer.concat(edge);
    await compareTile(level, hashesAt(level, count) / TILE_WIDTH - 1, whole);
    await push(level + 1, rootOfTile(whole), count);
  }

  return {
    async add(hashes, root) {
      const index = range.size() / TILE_WIDTH;
      compareWithin(hashes);
      await compareTile(0, index, hashes);
      if (hashes.length < TILE_WIDTH * HASH_SIZE) {
        for (let at = 0; at < hashes.length / HASH_SIZE; at++) range.append(hashInTile(hashes, at));
        return;
      }
      const made = root ?? rootOfTile(hashes);
      range.appendSubtree(TILE_HEIGHT, made);
      await push(1, made, range.size());
    },
    async end() {
      // Of a log without entries.
      compareWithin(new Uint8Array());
      for (const [level, edge = []] of edges.entries()) {
        const index = Math.floor(hashesAt(level, size) / TILE_WIDTH);
        if (edge.length > 0) await compareTile(level, index, Buffer.concat(edge));
      }
    },
    root: range.root,
    tiles: () => tiles,
  };
}
