/**
 * Entries of a log as they are served and kept: each with its length in two bytes before it, big-endian.
 *
 * @see https://c2sp.org/tlog-tiles, "Log entries"
 */
import { TILE_WIDTH } from './tile.ts';

/** In bytes, of one entry. */
export const ENTRY_LIMIT = 65_535;

/** The `errcode` of BundleDamaged, by which it is known on the other side of a thread. Negative, so that it is none of SQLite's. */
export const BUNDLE_DAMAGED = -11;

/** What stands where a bundle should be is none: it was read, and is not what was written. */
export class BundleDamaged extends Error {
  override readonly name = 'BundleDamaged';
  readonly errcode = BUNDLE_DAMAGED;
}

/** @throws {RangeError} for an entry that is too long, or more entries than a bundle holds. */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH) throw new RangeError(`a bundle holds ${TILE_WIDTH} entries at most`);
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > ENTRY_LIMIT) throw new RangeError(`an entry of ${entry.length} bytes is too long`);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(entry.length);
      return [length, entry];
    }),
  );
}

export type DecodedBundle =
  | { readonly ok: true; readonly entries: readonly Uint8Array[] }
  | { readonly ok: false; readonly reason: string };

/** @param width how many entries it must hold, no more and no less. */
export function decodeBundle(bytes: Uint8Array, width: number): DecodedBundle {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < width) {
    const length = at + 2 <= buffer.length ? buffer.readUInt16BE(at) : undefined;
    if (length === undefined || at + 2 + length > buffer.length)
      return { ok: false, reason: `the bundle ends in entry ${entries.length} of ${width}` };
    entries.push(buffer.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  if (at < buffer.length)
    return {
      ok: false,
      reason: `${buffer.length - at} bytes stand behind the ${width} entries of the bundle`,
    };
  return { ok: true, entries };
}
