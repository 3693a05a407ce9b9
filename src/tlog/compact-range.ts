/**
 * The tree while it grows: the roots of its perfect subtrees, largest first, one for each bit of its size. That is all
 * that is needed to add entries and to have the root, so a log of any length is hashed in the memory of some fifty hashes.
 */
import { EMPTY_ROOT, HASH_SIZE, nodeHash } from './hashing.ts';
import { isSize } from './sizes.ts';

export interface CompactRange {
  readonly size: () => number;
  /** Of the perfect subtrees, largest first. */
  readonly roots: () => readonly Uint8Array[];
  readonly append: (leaf: Uint8Array) => void;
  /** Adds a perfect subtree of 2^height leaves; `size` must be a multiple of that. */
  readonly appendSubtree: (height: number, root: Uint8Array) => void;
  readonly root: () => Uint8Array;
}

/**
 * @param roots of the perfect subtrees of a tree of `size`, largest first, where one is continued.
 * @throws {RangeError} when they are not as many as `size` has bits.
 */
export function createCompactRange(size = 0, roots: readonly Uint8Array[] = []): CompactRange {
  if (!isSize(size) || roots.length !== bits(size) || roots.some((root) => root.length !== HASH_SIZE)) {
    throw new RangeError(`a tree of ${size} entries has ${bits(size)} subtrees, not ${roots.length}`);
  }
  const stack = [...roots];
  let count = size;

  function appendSubtree(height: number, root: Uint8Array): void {
    const width = 2 ** height;
    if (count % width !== 0) throw new RangeError(`no subtree of ${width} entries begins at ${count}`);
    let merged = root;
    for (let rest = count / width; rest % 2 === 1; rest = (rest - 1) / 2) {
      const left = stack.pop();
      if (left === undefined) throw new RangeError('the range has fewer subtrees than its size says');
      merged = nodeHash(left, merged);
    }
    stack.push(merged);
    count += width;
  }

  return {
    size: () => count,
    roots: () => [...stack],
    append: (leaf) => appendSubtree(0, leaf),
    appendSubtree,
    root: () => rootOf(stack),
  };
}

/** The root over perfect subtrees, largest first. */
export function rootOf(roots: readonly Uint8Array[]): Uint8Array {
  return roots.length === 0 ? EMPTY_ROOT : roots.reduceRight((right, left) => nodeHash(left, right));
}

function bits(size: number): number {
  let count = 0;
  for (let rest = size; rest >= 1; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}
