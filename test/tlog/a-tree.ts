/** A tree of made-up entries, and the plain definition of its hashes to hold the quick ones against. */
import { EMPTY_ROOT, leafHash, nodeHash } from '../../src/tlog/hashing.ts';
import type { Node } from '../../src/tlog/nodes.ts';

export function anEntry(index: number): Uint8Array {
  return Buffer.from(`entry ${index}`);
}

export function leavesOfSize(size: number): readonly Uint8Array[] {
  return Array.from({ length: size }, (_, index) => leafHash(anEntry(index)));
}

/** RFC 6962 section 2.1, word for word. */
export function plainRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return EMPTY_ROOT;
  if (leaves.length === 1) return leaves[0] as Uint8Array;
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return nodeHash(plainRoot(leaves.slice(0, split)), plainRoot(leaves.slice(split)));
}

/** Section 2.1.1. */
export function plainInclusion(index: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  if (leaves.length <= 1) return [];
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...plainInclusion(index, left), plainRoot(right)]
    : [...plainInclusion(index - split, right), plainRoot(left)];
}

/** Section 2.1.2. */
export function plainConsistency(from: number, leaves: readonly Uint8Array[]): readonly Uint8Array[] {
  const part = (m: number, of: readonly Uint8Array[], whole: boolean): readonly Uint8Array[] => {
    if (m === of.length) return whole ? [] : [plainRoot(of)];
    let split = 1;
    while (split * 2 < of.length) split *= 2;
    const [left, right] = [of.slice(0, split), of.slice(split)];
    return m <= split
      ? [...part(m, left, whole), plainRoot(right)]
      : [...part(m - split, right, false), plainRoot(left)];
  };
  return part(from, leaves, true);
}

export function nodeOf(leaves: readonly Uint8Array[]): (node: Node) => Uint8Array {
  return ({ level, index }) => {
    const width = 2 ** level;
    const part = leaves.slice(index * width, (index + 1) * width);
    if (part.length !== width) throw new Error(`no node ${level}/${index}`);
    return plainRoot(part);
  };
}

/** The bytes of a tile, by the definition. */
export function plainTile(
  leaves: readonly Uint8Array[],
  { level, index, width }: { readonly level: number; readonly index: number; readonly width: number },
): Uint8Array {
  const hashes = Array.from({ length: width }, (_, at) =>
    nodeOf(leaves)({ level: level * 8, index: index * 256 + at }),
  );
  return Buffer.concat(hashes);
}
