/**
 * Whether a proof holds. Nothing in it is trusted: every wrong length, size or order is a reason.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2 and section 2.1.4.2
 */
import { HASH_SIZE, nodeHash, sameHash } from './hashing.ts';
import { isSize } from './sizes.ts';

export type Verified = { readonly ok: true } | { readonly ok: false; readonly reason: string };

function wrong(reason: string): Verified {
  return { ok: false, reason };
}

export interface InclusionClaim {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** Whether `leaf`, a leaf's hash, stands at `index` in the tree of `size` with `root`. */
export function verifyInclusion({ index, size, leaf, proof, root }: InclusionClaim): Verified {
  if (!isSize(index) || !isSize(size) || index >= size)
    return wrong(`there is no entry ${index} in a tree of ${size}`);
  const lengths = lengthsOf([leaf, root, ...proof]);
  if (lengths !== undefined) return lengths;
  let [at, last, made] = [index, size - 1, leaf];
  for (const [position, hash] of proof.entries()) {
    if (last === 0) return wrong(`the proof has ${proof.length} hashes, and ${position} are enough`);
    if (at % 2 === 1 || at === last) {
      made = nodeHash(hash, made);
      if (at % 2 === 0) [at, last] = skipEven(at, last);
    } else {
      made = nodeHash(made, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) return wrong(`the proof has ${proof.length} hashes, which are not enough`);
  return sameHash(made, root) ? { ok: true } : wrong('the proof leads to another root');
}

export interface ConsistencyClaim {
  readonly from: number;
  readonly to: number;
  readonly proof: readonly Uint8Array[];
  readonly oldRoot: Uint8Array;
  readonly newRoot: Uint8Array;
}

/** Whether the tree of `to` begins with the tree of `from`. An old size of 0 says nothing, and is refused. */
export function verifyConsistency({ from, to, proof, oldRoot, newRoot }: ConsistencyClaim): Verified {
  if (!isSize(from) || !isSize(to) || from > to)
    return wrong(`a tree of ${to} does not go on from one of ${from}`);
  if (from === 0) return wrong('every tree goes on from an empty one: nothing is proved');
  const lengths = lengthsOf([oldRoot, newRoot, ...proof]);
  if (lengths !== undefined) return lengths;
  if (from === to) {
    if (proof.length > 0) return wrong('two trees of one size need no proof, and there is one');
    return sameHash(oldRoot, newRoot) ? { ok: true } : wrong('two trees of one size have different roots');
  }
  if (proof.length === 0) return wrong('the proof has no hashes');
  // A perfect old tree is a node of the new one, and is left out of the proof.
  const hashes = isPowerOfTwo(from) ? [oldRoot, ...proof] : proof;
  let [at, last] = [from - 1, to - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const [first, ...rest] = hashes as [Uint8Array, ...Uint8Array[]];
  let [old, made] = [first, first];
  for (const hash of rest) {
    if (last === 0) return wrong('the proof has more hashes than are needed');
    if (at % 2 === 1 || at === last) {
      old = nodeHash(hash, old);
      made = nodeHash(hash, made);
      if (at % 2 === 0) [at, last] = skipEven(at, last);
    } else {
      made = nodeHash(made, hash);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0) return wrong('the proof has fewer hashes than are needed');
  if (!sameHash(old, oldRoot)) return wrong('the proof does not lead to the old root');
  return sameHash(made, newRoot) ? { ok: true } : wrong('the proof does not lead to the new root');
}

function lengthsOf(hashes: readonly Uint8Array[]): Verified | undefined {
  const odd = hashes.find((hash) => hash.length !== HASH_SIZE);
  return odd && wrong(`a hash has ${odd.length} bytes; expected ${HASH_SIZE}`);
}

function half(value: number): number {
  return Math.floor(value / 2);
}

/** At the right edge a node without a sibling moves up unchanged, for as many levels as its index is even. */
function skipEven(at: number, last: number): [number, number] {
  let [a, b] = [at, last];
  while (a % 2 === 0 && a !== 0) [a, b] = [half(a), half(b)];
  return [a, b];
}

function isPowerOfTwo(size: number): boolean {
  return 2 ** Math.round(Math.log2(size)) === size;
}
