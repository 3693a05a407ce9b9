/**
 * The hashes of a Merkle tree: SHA-256, with one byte in front that tells a leaf from a node.
 *
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1
 */
import { hash } from 'node:crypto';

/** In bytes. */
export const HASH_SIZE = 32;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}

/** The root of a tree without entries: the hash of nothing. */
export const EMPTY_ROOT = sha256(new Uint8Array());

/** SHA-256(0x00 ‖ entry). */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([LEAF, entry]));
}

/** SHA-256(0x01 ‖ left ‖ right), each of 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([NODE, left, right]));
}

/** Hashes are public: nothing is gained from the time that a comparison takes. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
