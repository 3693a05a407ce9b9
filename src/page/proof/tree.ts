/**
 * Proofs of a Merkle tree, checked by the reader's own browser.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2 and section 2.1.4.2
 */
import { same, sha256 } from './bytes.ts';

type Hash = Uint8Array<ArrayBuffer>;

export function leafHash(entry: Uint8Array): Promise<Hash> {
  return sha256(Uint8Array.of(0), entry);
}

function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Hash> {
  return sha256(Uint8Array.of(1), left, right);
}

/** Whether the entry with this leaf hash stands at `index` in the tree of `size` with `root`. */
export async function isIncluded(claim: {
  readonly index: number;
  readonly size: number;
  readonly leaf: Hash;
  readonly path: readonly Hash[];
  readonly root: Hash;
}): Promise<boolean> {
  const { index, size, leaf, path, root } = claim;
  if (index < 0 || index >= size) return false;
  let [at, last, made] = [index, size - 1, leaf];
  for (const hash of path) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      made = await nodeHash(hash, made);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      made = await nodeHash(made, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(made, root);
}

/** Whether the tree of `to` begins with that of `from`. */
export async function isContinued(claim: {
  readonly from: number;
  readonly to: number;
  readonly path: readonly Hash[];
  readonly oldRoot: Hash;
  readonly newRoot: Hash;
}): Promise<boolean> {
  const { from, to, path, oldRoot, newRoot } = claim;
  if (from < 1 || from > to) return false;
  if (from === to) return path.length === 0 && same(oldRoot, newRoot);
  const hashes = (from & (from - 1)) === 0 ? [oldRoot, ...path] : [...path];
  let [at, last] = [from - 1, to - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const [first, ...rest] = hashes;
  if (first === undefined || path.length === 0) return false;
  let [old, made] = [first, first];
  for (const hash of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = await nodeHash(hash, old);
      made = await nodeHash(hash, made);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      made = await nodeHash(made, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(old, oldRoot) && same(made, newRoot);
}

function half(value: number): number {
  return Math.floor(value / 2);
}
