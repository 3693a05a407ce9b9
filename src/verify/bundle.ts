/**
 * A bundle of entries as a source names it: who looks at it reads it, so that what lies on a disk goes through one thread
 * alone.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { BundleDamaged, decodeBundle } from '../tlog/bundle.ts';
import { TILE_WIDTH } from '../tlog/tile.ts';

export type Bundle =
  /** In the form of c2sp.org/tlog-tiles, "Log entries". `name` is for a sentence. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array; readonly width: number; readonly name: string }
  /** The same as a file; `packed`: compressed by gzip. Its width may be more than was asked for. */
  | { readonly kind: 'file'; readonly file: string; readonly packed: boolean; readonly width: number }
  /** Entries of a database, one behind the other, of any length: whoever can write there can write what is none. */
  | { readonly kind: 'entries'; readonly bytes: Uint8Array; readonly lengths: readonly number[] }
  /** In the log itself, in that data folder. */
  | { readonly kind: 'log'; readonly folder: string; readonly from: number; readonly width: number };

/** The entries of a log in a data folder, beginning with `from`: fewer than `limit` at its end. */
export type ReadLog = (folder: string, from: number, limit: number) => readonly Uint8Array[];

/** In bytes: 256 entries of the greatest length. */
const LIMIT = TILE_WIDTH * (2 + 65_535);

/**
 * @param wanted how many of its entries, from the first on.
 * @returns undefined where the log has not that many.
 * @throws {Error} with one sentence that names the bundle: a BundleDamaged where it was read and is none.
 */
export function entriesIn(
  bundle: Bundle,
  wanted: number,
  readLog: ReadLog,
): readonly Uint8Array[] | undefined {
  if (bundle.kind === 'log') {
    const entries = readLog(bundle.folder, bundle.from, wanted);
    return entries.length === wanted ? entries : undefined;
  }
  if (bundle.kind === 'entries') return cut(bundle).slice(0, wanted);
  const { width } = bundle;
  const name = bundle.kind === 'file' ? bundle.file : bundle.name;
  const bytes = bundle.kind === 'file' ? readBundle(bundle) : bundle.bytes;
  const decoded = decodeBundle(bytes, width);
  if (!decoded.ok) throw new BundleDamaged(`${name}: ${decoded.reason}`);
  return wanted < width ? decoded.entries.slice(0, wanted) : decoded.entries;
}

function cut({ bytes, lengths }: Extract<Bundle, { kind: 'entries' }>): readonly Uint8Array[] {
  let at = 0;
  return lengths.map((length) => {
    at += length;
    return bytes.subarray(at - length, at);
  });
}

function readBundle({ file, packed }: Extract<Bundle, { kind: 'file' }>): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as { code?: string }).code}`);
  }
  if (!packed) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: LIMIT });
  } catch {
    throw new BundleDamaged(`${file} cannot be unpacked`);
  }
}

/** Those of a folder, for whoever reads entries and does not verify them. */
export function entriesFrom(source: {
  bundle(index: number, width: number): Promise<Bundle | undefined>;
}): (index: number, width: number) => Promise<readonly Uint8Array[] | undefined> {
  return async (index, width) => {
    const bundle = await source.bundle(index, width);
    return bundle && entriesIn(bundle, width, () => []);
  };
}
