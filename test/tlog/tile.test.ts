import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeBundle, ENTRY_LIMIT, encodeBundle } from '../../src/tlog/bundle.ts';
import { leafHash } from '../../src/tlog/hashing.ts';
import { inclusionNodes } from '../../src/tlog/nodes.ts';
import {
  nodeInTile,
  parseTilePath,
  partialTiles,
  placeOfNode,
  rootFromTiles,
  type TilePlace,
  tilePath,
  widthAt,
} from '../../src/tlog/tile.ts';
import { leavesOfSize, nodeOf, plainRoot, plainTile } from './a-tree.ts';

describe('the path of a tile', () => {
  it.each<[TilePlace, string]>([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 0, index: 999, width: 1 }, 'tile/0/999.p/1'],
    [{ level: 1, index: 1000, width: 256 }, 'tile/1/x001/000'],
    [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 'entries', index: 12, width: 255 }, 'tile/entries/012.p/255'],
    [{ level: 63, index: 3, width: 256 }, 'tile/63/003'],
  ])('of %j is %s', (place, path) => {
    expect(tilePath(place)).toBe(path);
    expect(parseTilePath(path)).toEqual(place);
  });

  it.each([
    'tile/64/000',
    'tile/00/000',
    'tile/-1/000',
    'tile/0/1',
    'tile/0/0000',
    'tile/0/x000/001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/01',
    'tile/0/000.p/',
    'tile/0/001/002',
    'tile/data/000',
    'tile/0/../000',
    '/tile/0/000',
    'tile/0/000/',
    'tile/0/x999/x999/x999/x999/x999/999',
  ])('is never %s', (path) => {
    expect(parseTilePath(path)).toBeUndefined();
  });

  it('is read as it is written', () => {
    const places = fc.record({
      level: fc.oneof(fc.nat({ max: 63 }), fc.constant('entries' as const)),
      index: fc.nat({ max: 2 ** 45 }),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(fc.property(places, (place) => expect(parseTilePath(tilePath(place))).toEqual(place)));
  });
});

describe('the tiles of a tree', () => {
  it('of 70,000 entries are those that the specification lists', () => {
    expect(partialTiles(70_000)).toEqual([
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ]);
    expect(widthAt(0, 272, 70_000)).toBe(256);
    expect(widthAt(1, 0, 70_000)).toBe(256);
    expect(widthAt('entries', 273, 70_000)).toBe(112);
    expect(widthAt(2, 1, 70_000)).toBe(0);
    expect(partialTiles(256)).toEqual([{ level: 1, index: 0, width: 1 }]);
    expect(partialTiles(0)).toEqual([]);
  });

  it('give every node, and so every root and proof', () => {
    const size = 600;
    const leaves = leavesOfSize(size);
    const tiles = new Map<string, Uint8Array>();
    const node = ({ level, index }: { level: number; index: number }): Uint8Array => {
      const place = placeOfNode({ level, index }, size);
      const path = tilePath(place.tile);
      const tile = tiles.get(path) ?? plainTile(leaves, place.tile);
      tiles.set(path, tile);
      return nodeInTile(tile, place);
    };
    for (const index of [0, 255, 256, 511, 512, 599]) {
      for (const group of inclusionNodes(index, size)) {
        for (const one of group) expect(node(one)).toEqual(nodeOf(leaves)(one));
      }
    }
    expect(rootFromTiles(size, node)).toEqual(plainRoot(leaves));
    expect([...tiles.keys()].sort()).toEqual([
      'tile/0/000',
      'tile/0/001',
      'tile/0/002.p/88',
      'tile/1/000.p/2',
    ]);
  });
});

describe('a bundle of entries', () => {
  const entry = fc.uint8Array({ minLength: 0, maxLength: 300 });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 256 }), (entries) => {
        const read = decodeBundle(encodeBundle(entries), entries.length);
        if (!read.ok) throw new Error(read.reason);
        expect(read.entries.map((one) => [...one])).toEqual(entries.map((one) => [...one]));
      }),
      { numRuns: 30 },
    );
  });

  it('has the lengths in two bytes, the greater first', () => {
    expect([...encodeBundle([Buffer.from('ab'), Buffer.alloc(0)])]).toEqual([0, 2, 97, 98, 0, 0]);
    expect([...encodeBundle([Buffer.alloc(ENTRY_LIMIT)]).subarray(0, 2)]).toEqual([255, 255]);
  });

  it.each([
    [[], 1, 'the bundle ends in entry 0 of 1'],
    [[0], 1, 'the bundle ends in entry 0 of 1'],
    [[0, 2, 97], 1, 'the bundle ends in entry 0 of 1'],
    [[0, 1, 97], 2, 'the bundle ends in entry 1 of 2'],
    [[0, 1, 97, 0], 1, '1 bytes stand behind the 1 entries of the bundle'],
  ])('of the bytes %j is none of %d', (bytes, width, reason) => {
    expect(decodeBundle(Uint8Array.from(bytes), width)).toEqual({ ok: false, reason });
  });

  it('is not made of too much', () => {
    expect(() => encodeBundle([Buffer.alloc(ENTRY_LIMIT + 1)])).toThrow(/too long/);
    expect(() => encodeBundle(Array.from({ length: 257 }, () => Buffer.alloc(1)))).toThrow(/256 entries/);
  });
});

describe('the log of transparency-dev/tessera', () => {
  const [, ...rows] = readFileSync(join(import.meta.dirname, 'vectors', 'tessera-log.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { checkpoint: string; tile?: string; bundle?: string });

  it('has the same tiles and bundles, byte by byte', () => {
    expect(rows).toHaveLength(16);
    for (const [size, { tile, bundle }] of rows.entries()) {
      if (size === 0) continue;
      const bytes = Buffer.from(bundle ?? '', 'base64');
      const read = decodeBundle(bytes, size);
      if (!read.ok) throw new Error(read.reason);
      expect(Buffer.compare(encodeBundle(read.entries), bytes)).toBe(0);
      const leaves = read.entries.map(leafHash);
      expect(Buffer.concat(leaves).toString('base64')).toBe(tile);
    }
  });
});
