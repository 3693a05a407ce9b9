/** The log as auditors get it: notes, tiles, bundles and proofs, of the tree that was published last. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { LogReader } from '../provenance/log-store.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { HASH_SIZE } from '../tlog/hashing.ts';
import { parseNote } from '../tlog/note.ts';
import { formatProofFile } from '../tlog/proof-file.ts';
import { hashesAt, TILE_WIDTH, type TilePlace, tilePath, widthAt } from '../tlog/tile.ts';
import type { Publisher } from './publisher.ts';
import { BUNDLE_ENDING, CHECKPOINT_FILE, COSIGNED_FILE } from './tile-files.ts';

export interface ServedPart {
  readonly bytes: Uint8Array;
  /** The bytes are compressed. */
  readonly gzip: boolean;
  /** It will never change. */
  readonly final: boolean;
}

export interface ServedLog {
  /** The newest signed note; undefined before the first. `cosigned`: the newest with enough cosignatures. */
  checkpoint(cosigned?: boolean): Promise<string | undefined>;
  /** Undefined for what the published tree does not have. @param gzip whether a compressed bundle is welcome. */
  part(place: TilePlace, gzip: boolean): Promise<ServedPart | undefined>;
  /** A proof file for an entry, with the newest cosigned note if that has it; undefined while none has. */
  proof(index: number): Promise<string | undefined>;
  /** The path of an entry in a tree that was published. */
  path(index: number, size: number): Promise<readonly Uint8Array[]>;
  /** From a tree to the published one; undefined where it has not so many entries. */
  consistency(from: number, to: number): Promise<readonly Uint8Array[] | undefined>;
}

const decompress = promisify(gunzip);

export interface ServedLogDeps {
  /** Of the tiles. */
  readonly folder: string;
  readonly reader: Pick<LogReader, 'entries'>;
  readonly publisher: Pick<Publisher, 'inclusion' | 'consistency' | 'look'>;
}

export function createServedLog({ folder, reader, publisher }: ServedLogDeps): ServedLog {
  async function published(cosigned = false): Promise<string | undefined> {
    return (await read(join(folder, cosigned ? COSIGNED_FILE : CHECKPOINT_FILE)))?.toString('utf8');
  }

  async function publishedSize(): Promise<number> {
    return sizeOf(await published()) ?? 0;
  }

  /** A part of a tile is the beginning of it, however far that has come since. */
  async function tile(place: TilePlace, size: number): Promise<Uint8Array | undefined> {
    const now = widthAt(place.level, place.index, size);
    for (const width of [TILE_WIDTH, now, place.width]) {
      const bytes = await read(join(folder, tilePath({ ...place, width })));
      if (bytes?.length === width * HASH_SIZE) return bytes.subarray(0, place.width * HASH_SIZE);
    }
    return undefined;
  }

  async function bundle({ index, width, level }: TilePlace, gzip: boolean): Promise<ServedPart | undefined> {
    const final = width === TILE_WIDTH;
    const sealed = final
      ? await read(join(folder, `${tilePath({ level, index, width })}${BUNDLE_ENDING}`))
      : undefined;
    if (sealed !== undefined)
      return gzip
        ? { bytes: sealed, gzip: true, final }
        : { bytes: await decompress(sealed), gzip: false, final };
    const entries = await reader.entries(index * TILE_WIDTH, width);
    return entries.length === width ? { bytes: encodeBundle(entries), gzip: false, final } : undefined;
  }

  return {
    async checkpoint(cosigned) {
      // Behind a balancer the next question may go to another instance: none is long behind the others.
      await publisher.look();
      return published(cosigned);
    },
    async part(place, gzip) {
      let size = await publishedSize();
      if (widthAt(place.level, place.index, size) < place.width) {
        await publisher.look();
        size = await publishedSize();
      }
      if (widthAt(place.level, place.index, size) < place.width) return undefined;
      if (place.level === 'entries') return bundle(place, gzip);
      if (hashesAt(place.level, size) === 0) return undefined;
      const bytes = await tile(place, size);
      return bytes && { bytes, gzip: false, final: place.width === TILE_WIDTH };
    },
    async proof(index) {
      if (index >= (await publishedSize())) await publisher.look();
      for (const cosigned of [true, false]) {
        const note = await published(cosigned);
        const size = sizeOf(note);
        if (note === undefined || size === undefined || index >= size) continue;
        return formatProofFile({ index, proof: await publisher.inclusion(index, size), checkpoint: note });
      }
      return undefined;
    },
    path: publisher.inclusion,
    async consistency(from, to) {
      if (from > to) return undefined;
      if (to > (await publishedSize())) await publisher.look();
      return to <= (await publishedSize()) ? publisher.consistency(from, to) : undefined;
    },
  };
}

/** Of our own note. */
function sizeOf(note: string | undefined): number | undefined {
  const parsed = note === undefined ? undefined : parseNote(note);
  const read = parsed?.ok ? parseCheckpoint(parsed.note.text) : undefined;
  return read?.ok ? read.checkpoint.size : undefined;
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as { code?: string }).code === 'ENOENT') return undefined;
    throw error;
  }
}
