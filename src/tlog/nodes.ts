/**
 * Which hashes of a tree make up a proof, by their places. A node is the root of the perfect subtree of 2^level leaves
 * that begins at leaf index × 2^level. Whoever has the tiles looks them up and hashes no leaf.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1 and section 2.1.2
 */
import { rootOf } from './compact-range.ts';
import { highestBit, isSize, splitOf } from './sizes.ts';

export interface Node {
  readonly level: number;
  readonly index: number;
}

/** The perfect subtrees that one hash of a proof, or a root, is made of: largest first, so that `rootOf` makes it. */
export type NodeGroup = readonly Node[];

/** Of the leaves `begin` up to `end`, where `begin` is a multiple of the largest power of two in the range's size. */
export function nodesOfRange(begin: number, end: number): NodeGroup {
  const nodes: Node[] = [];
  for (let at = begin; at < end; ) {
    const level = highestBit(end - at);
    nodes.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return nodes;
}

/**
 * From the sibling of the leaf up to a child of the root.
 *
 * @throws {RangeError} unless 0 <= index < size.
 */
export function inclusionNodes(index: number, size: number): readonly NodeGroup[] {
  if (!isSize(index) || !isSize(size) || index >= size) {
    throw new RangeError(`there is no entry ${index} in a tree of ${size}`);
  }
  const path: NodeGroup[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const split = begin + splitOf(end - begin);
    if (index < split) {
      path.push(nodesOfRange(split, end));
      end = split;
    } else {
      path.push(nodesOfRange(begin, split));
      begin = split;
    }
  }
  return path.reverse();
}

/**
 * Empty where `from` equals `to`, or is 0: any tree goes on from an empty one.
 *
 * @throws {RangeError} unless 0 <= from <= to.
 */
export function consistencyNodes(from: number, to: number): readonly NodeGroup[] {
  if (!isSize(from) || !isSize(to) || from > to)
    throw new RangeError(`a tree of ${to} does not go on from one of ${from}`);
  if (from === 0 || from === to) return [];
  const proof: NodeGroup[] = [];
  let [begin, end] = [0, to];
  while (end !== from) {
    const split = begin + splitOf(end - begin);
    if (from <= split) {
      proof.push(nodesOfRange(split, end));
      end = split;
    } else {
      proof.push(nodesOfRange(begin, split));
      begin = split;
    }
  }
  // The old tree's own root need not be told where it is a subtree by itself.
  if (begin > 0) proof.push(nodesOfRange(begin, end));
  return proof.reverse();
}

/** @param hashOf a node's hash. */
export function hashesOf(
  groups: readonly NodeGroup[],
  hashOf: (node: Node) => Uint8Array,
): readonly Uint8Array[] {
  return groups.map((group) => rootOf(group.map(hashOf)));
}
