import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { consistencyNodes, hashesOf, inclusionNodes } from '../../src/tlog/nodes.ts';
import { verifyConsistency, verifyInclusion } from '../../src/tlog/verify-proofs.ts';
import { leavesOfSize, nodeOf, plainConsistency, plainInclusion, plainRoot } from './a-tree.ts';

interface Vector {
  readonly kind: 'inclusion' | 'consistency';
  readonly name: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
  readonly [field: string]: unknown;
}

const vectors = readFileSync(join(import.meta.dirname, 'vectors', 'merkle.jsonl'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

const bytes = (base64: unknown): Uint8Array => Buffer.from(String(base64 ?? ''), 'base64');
/** What does not fit is no index, as for every reader of ours. */
const number = (value: unknown): number => (typeof value === 'number' ? value : Number.NaN);

function judge(vector: Vector): boolean {
  const proof = (vector.proof ?? []).map(bytes);
  if (vector.kind === 'inclusion') {
    const { leafIdx, treeSize, root, leafHash } = vector;
    return verifyInclusion({
      index: number(leafIdx),
      size: number(treeSize),
      leaf: bytes(leafHash),
      proof,
      root: bytes(root),
    }).ok;
  }
  const { size1, size2, root1, root2 } = vector;
  return verifyConsistency({
    from: number(size1),
    to: number(size2),
    proof,
    oldRoot: bytes(root1),
    newRoot: bytes(root2),
  }).ok;
}

describe('proofs', () => {
  it('are judged as transparency-dev/merkle judges its published vectors, and what is no hash is none here', () => {
    const differently = vectors.filter((vector) => judge(vector) === vector.wantErr).map(({ name }) => name);
    const good = vectors.filter(({ wantErr }) => !wantErr).length;
    // Its roots are 12 bytes that the reference compares and does not look at: here a root has 32.
    const stricter = ['consistency/additional/sizes-are-equal-one-and-proof-is-empty'];
    expect({ differently, all: vectors.length, good }).toEqual({ differently: stricter, all: 196, good: 12 });
  });

  const LIMIT = 70;
  const leaves = leavesOfSize(LIMIT);
  const roots = Array.from({ length: LIMIT + 1 }, (_, size) => plainRoot(leaves.slice(0, size)));

  it('of every index and size to 70 are those of RFC 6962, and hold', () => {
    for (let size = 1; size <= LIMIT; size++) {
      const there = leaves.slice(0, size);
      const root = roots[size] as Uint8Array;
      for (let index = 0; index < size; index++) {
        const proof = hashesOf(inclusionNodes(index, size), nodeOf(there));
        expect(proof).toEqual(plainInclusion(index, there));
        expect(verifyInclusion({ index, size, leaf: leaves[index] as Uint8Array, proof, root })).toEqual({
          ok: true,
        });
      }
      for (let from = 1; from <= size; from++) {
        const proof = hashesOf(consistencyNodes(from, size), nodeOf(there));
        expect(proof).toEqual(plainConsistency(from, there));
        const oldRoot = roots[from] as Uint8Array;
        expect(verifyConsistency({ from, to: size, proof, oldRoot, newRoot: root })).toEqual({ ok: true });
      }
    }
  });

  const change = fc.record({
    at: fc.nat(),
    bit: fc.nat({ max: 255 }),
    how: fc.constantFrom('flip', 'drop', 'add', 'swap'),
  });
  function changed(proof: readonly Uint8Array[], { at, bit, how }: { at: number; bit: number; how: string }) {
    const copy = proof.map((hash) => Buffer.from(hash));
    const place = copy.length === 0 ? 0 : at % copy.length;
    const hash = copy[place];
    if (how === 'add' || hash === undefined) copy.splice(place, 0, Buffer.alloc(32, bit));
    else if (how === 'drop') copy.splice(place, 1);
    else if (how === 'swap' && copy.length > 1) copy.reverse();
    else hash[bit >> 3] = (hash[bit >> 3] as number) ^ (1 << (bit & 7));
    return copy;
  }

  it('that are changed anywhere do not hold', () => {
    const pair = fc.tuple(fc.integer({ min: 1, max: LIMIT }), fc.integer({ min: 1, max: LIMIT }));
    fc.assert(
      fc.property(pair, change, ([a, b], how) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const [oldRoot, newRoot] = [roots[from] as Uint8Array, roots[to] as Uint8Array];
        const whole = plainConsistency(from, leaves.slice(0, to));
        const proof = changed(whole, how);
        fc.pre(Buffer.concat(proof).compare(Buffer.concat(whole)) !== 0);
        expect(verifyConsistency({ from, to, proof, oldRoot, newRoot }).ok).toBe(false);
        const index = from - 1;
        const path = plainInclusion(index, leaves.slice(0, to));
        const other = changed(path, how);
        fc.pre(Buffer.concat(other).compare(Buffer.concat(path)) !== 0);
        expect(
          verifyInclusion({ index, size: to, leaf: leaves[index] as Uint8Array, proof: other, root: newRoot })
            .ok,
        ).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('hold of no other index, size or root', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: LIMIT }),
        fc.nat(),
        fc.nat({ max: LIMIT }),
        fc.integer({ min: 1, max: LIMIT }),
        (size, pick, otherIndex, otherSize) => {
          const index = pick % size;
          const proof = plainInclusion(index, leaves.slice(0, size));
          const claim = {
            index,
            size,
            leaf: leaves[index] as Uint8Array,
            proof,
            root: roots[size] as Uint8Array,
          };
          if (otherIndex !== index) expect(verifyInclusion({ ...claim, index: otherIndex }).ok).toBe(false);
          if (otherSize !== size)
            expect(verifyInclusion({ ...claim, root: roots[otherSize] as Uint8Array }).ok).toBe(false);
        },
      ),
    );
  });

  it.each([
    [() => inclusionNodes(5, 5), /no entry 5/],
    [() => inclusionNodes(0, 0), /no entry 0/],
    [() => inclusionNodes(-1, 5), /no entry -1/],
    [() => inclusionNodes(0.5, 5), /no entry 0.5/],
    [() => consistencyNodes(6, 5), /does not go on/],
  ])('are not made of what no tree has (%#)', (make, wanted) => {
    expect(make).toThrow(wanted);
  });
});

describe('a tree that grows', () => {
  const leaves = leavesOfSize(300);

  it('has the root of RFC 6962 at every size, also where it is taken up again', () => {
    let range = createCompactRange();
    for (const [size, leaf] of leaves.entries()) {
      if (size < 140) expect(range.root()).toEqual(plainRoot(leaves.slice(0, size)));
      if (size % 7 === 0) range = createCompactRange(range.size(), range.roots());
      range.append(leaf);
    }
    expect(range.root()).toEqual(plainRoot(leaves));
  });

  it('takes whole subtrees', () => {
    const range = createCompactRange();
    range.appendSubtree(8, plainRoot(leaves.slice(0, 256)));
    for (const leaf of leaves.slice(256)) range.append(leaf);
    expect(range.root()).toEqual(plainRoot(leaves));
    expect(() => range.appendSubtree(8, leaves[0] as Uint8Array)).toThrow(/no subtree of 256/);
  });

  it.each([
    [3, [Buffer.alloc(32)]],
    [2, [Buffer.alloc(31)]],
    [-1, []],
  ])('is not taken up from %d with the wrong hashes', (size, roots) => {
    expect(() => createCompactRange(size, roots)).toThrow(RangeError);
  });
});
