/** Digests as bytes, in half the room: one byte for the algorithm, then those of the hash. */

const ALGORITHMS: Readonly<Record<string, number>> = { sha256: 1, sha512: 2 };

/** @returns undefined for a digest of another algorithm, or with another form. */
export function digestKey(digest: string): Uint8Array | undefined {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+):((?:[0-9a-f]{2})+)$/.exec(digest) ?? [];
  const number = ALGORITHMS[algorithm];
  return number === undefined ? undefined : bytesOf(number, hex);
}

/** The digest of a key. */
export function digestOf(key: Uint8Array): string {
  const algorithm = Object.entries(ALGORITHMS).find(([, number]) => number === key[0])?.[0] ?? 'unknown';
  return `${algorithm}:${Buffer.from(key.subarray(1)).toString('hex')}`;
}

/** The keys of all digests that begin so: from `low` on, below `high`. @throws {Error} for what is no beginning of one. */
export function digestKeys(prefix: string): { readonly low: Uint8Array; readonly high: Uint8Array } {
  const [, algorithm = '', hex = ''] = /^([a-z0-9]+):([0-9a-f]+)$/.exec(prefix) ?? [];
  const number = ALGORITHMS[algorithm];
  if (number === undefined) throw new Error(`${prefix} is not the beginning of a digest`);
  const even = hex.length % 2 === 0;
  return {
    low: bytesOf(number, even ? hex : `${hex}0`),
    // A shorter key is less than every longer one that it begins, so the end is this long and no longer.
    high: Buffer.concat([bytesOf(number, even ? hex : `${hex}f`), Buffer.alloc(65, 0xff)]),
  };
}

/** Twice as fast as putting two buffers together, and there are ten in a record. */
function bytesOf(algorithm: number, hex: string): Uint8Array {
  const key = Buffer.allocUnsafe(1 + hex.length / 2);
  key[0] = algorithm;
  key.write(hex, 1, 'hex');
  return key;
}
