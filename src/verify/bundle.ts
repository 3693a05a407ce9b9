/** Entries as a source has them, until they are looked at: some 256 in one piece, so that threads hand on little. */
import { gunzipSync } from 'node:zlib';
import { decodeBundle } from '../tlog/bundle.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';

export interface Bundle {
  /** In the form of c2sp.org/tlog-tiles, "Log entries". */
  readonly bytes: Uint8Array;
  /** Whether they are compressed by gzip. */
  readonly packed: boolean;
  /** How many entries stand there; it may be more than were asked for. */
  readonly width: number;
  /** Where it is from, for a sentence. */
  readonly name: string;
}

/** In bytes: 256 entries of the greatest length. */
const LIMIT = TILE_WIDTH * (2 + 65_535);

/** @param wanted how many of its entries, from the first on. @throws {Error} with one sentence that names it. */
export function entriesIn(
  { bytes, packed, width, name }: Bundle,
  wanted: number = width,
): readonly Uint8Array[] {
  const decoded = decodeBundle(packed ? unpacked(bytes, name) : bytes, width);
  if (!decoded.ok) throw new Error(`${name}: ${decoded.reason}`);
  return wanted < width ? decoded.entries.slice(0, wanted) : decoded.entries;
}

function unpacked(bytes: Uint8Array, name: string): Uint8Array {
  try {
    return gunzipSync(bytes, { maxOutputLength: LIMIT });
  } catch {
    throw new Error(`${name} cannot be unpacked`);
  }
}

/** The entries of bundles of a source, for whoever reads them and does not verify. */
export function entriesFrom(source: {
  bundle(index: number, width: number): Promise<Bundle | undefined>;
}): (index: number, width: number) => Promise<readonly Uint8Array[] | undefined> {
  return async (index, width) => {
    const bundle = await source.bundle(index, width);
    return bundle && entriesIn(bundle, width);
  };
}
