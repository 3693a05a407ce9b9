/**
 * Takes old records out of the log, in whole bundles, into an archive of its own, and leaves the tree whole: hashes and
 * checkpoints stay, so every record that is left and every one of the archive can be proved as before.
 *
 * Nothing is taken out of the log before its copy has been written, synchronised, read again from the disk, and the whole
 * log verified with it against the signed checkpoint. What breaks off in the middle leaves records in both places, and is
 * finished by doing the same again.
 */
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { otherArchive } from '../provenance/archived-entries.ts';
import { putFile } from '../store/durable-file.ts';
import { failureSentence } from '../store/failure-sentence.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { HASH_SIZE } from '../tlog/hashing.ts';
import type { TrustPolicy } from '../tlog/policy-file.ts';
import { TILE_WIDTH, tilePath } from '../tlog/tile.ts';
import { readPublished } from '../transparency/prove-from-files.ts';
import { firstOf, folderSource } from '../verify/source.ts';
import { verifyLog } from '../verify/verify-log.ts';
import type { ArchivableLog } from './archivable-log.ts';

export interface ArchiveOptions {
  /** Closed by whoever opened it. */
  readonly log: ArchivableLog;
  /** The folder of its tiles and checkpoint. */
  readonly tree: string;
  /** The same folder each time: an archive grows. */
  readonly to: string;
  /** Milliseconds since 1970: records before it. */
  readonly before: number;
  /** Whose signature of the checkpoint is believed. */
  readonly policy: TrustPolicy;
  /** Told when the archive is verified and before anything is taken out, for the record. Where it throws, nothing is. */
  readonly onVerified: (archive: { readonly until: number; readonly folder: string }) => Promise<void>;
}

export interface ArchiveReport {
  /** Entries below it are in the archive. */
  readonly until: number;
  /** How many were taken out of the log now. */
  readonly taken: number;
}

/** The newest bundles stay in the log, whatever their age: the last records are what each start looks at. */
const KEPT_BUNDLES = 1;

/** @throws {Error} with one sentence; then nothing was taken out of the log that is not in the archive. */
export async function archiveLog(options: ArchiveOptions): Promise<ArchiveReport> {
  const { log, tree, to, before } = options;
  const folder = resolve(to);
  try {
    const done = await log.archived();
    if (done !== undefined && done.folder !== folder) {
      throw otherArchive(done);
    }
    const signed = sizeOf(readPublished(tree, false));
    const size = Math.min(await log.size(), signed);
    const first = Math.floor((done?.until ?? 0) / TILE_WIDTH);
    const bundles = await oldBundles(log, size, before, first);
    const until = bundles * TILE_WIDTH;
    for (let index = first; index < bundles; index++) {
      const entries = await log.entries(index * TILE_WIDTH, TILE_WIDTH);
      putBundle(bundleFile(folder, index), encodeBundle(entries));
    }
    if (until === 0) return { until: 0, taken: 0 };
    copyTree(tree, folder, bundles);
    await requireVerified(options, folder);
    if (await log.holdsBelow(until)) await options.onVerified({ until, folder });
    // The archive first, then the word of it, then the deletion: at every moment each record is somewhere that is known.
    await log.setArchived({ until, folder });
    const taken = await log.takeOut(until);
    linkBundles(tree, folder, bundles);
    return { until, taken };
  } catch (error) {
    throw new Error(failureSentence('nothing more is taken out of the log', error));
  }
}

/** What an archive holds is nowhere else any more, so nothing is ever written over it. */
function putBundle(file: string, bytes: Uint8Array): void {
  const there = existsSync(file) ? readFileSync(file) : undefined;
  if (there === undefined) putFile(file, gzipSync(bytes));
  else if (!gunzipSync(there).equals(bytes)) {
    throw new Error(`${file} is there already, and holds other records; expected the archive of this log`);
  }
}

/** How many bundles from the beginning hold only records of before that time, and are in the signed tree. */
async function oldBundles(log: ArchivableLog, size: number, before: number, first: number): Promise<number> {
  const most = Math.floor(size / TILE_WIDTH) - KEPT_BUNDLES;
  let bundles = first;
  while (bundles < most) {
    const entries = await log.entries(bundles * TILE_WIDTH, TILE_WIDTH);
    const old = entries.every((entry) => {
      const { time } = JSON.parse(Buffer.from(entry).toString('utf8')) as { time?: string };
      return Date.parse(time ?? '') < before;
    });
    if (!old || entries.length < TILE_WIDTH) break;
    bundles++;
  }
  return bundles;
}

/** The second line of a checkpoint. @see https://c2sp.org/tlog-checkpoint */
function sizeOf(note: string): number {
  const size = Number(note.split('\n')[1]);
  if (!Number.isSafeInteger(size)) throw new Error('the published checkpoint cannot be read');
  return size;
}

/** The hashes over what is archived, so that the archive can be read and proved on its own. */
function copyTree(tree: string, folder: string, bundles: number): void {
  for (let level = 0, tiles = bundles; tiles > 0; level++, tiles = Math.floor(tiles / TILE_WIDTH)) {
    for (let index = 0; index < tiles; index++) {
      const path = tilePath({ level, index, width: TILE_WIDTH });
      const target = join(folder, path);
      if (existsSync(target)) continue;
      const bytes = readFileSync(join(tree, path));
      if (bytes.length !== TILE_WIDTH * HASH_SIZE) throw new Error(`${join(tree, path)} is cut short`);
      putFile(target, bytes);
    }
  }
  putFile(join(folder, 'checkpoint'), readFileSync(join(tree, 'checkpoint')));
}

/** Reads the archive from the disk, the rest from the log, and compares all of it with the signed checkpoint and tiles. */
async function requireVerified({ log, tree, policy }: ArchiveOptions, folder: string): Promise<void> {
  const live = log.source(tree);
  const { ok, problems } = await verifyLog({
    source: {
      ...firstOf(folderSource(folder), live),
      checkpoint: live.checkpoint,
      // The archive's tiles are copies: what counts is what stays.
      tile: live.tile,
    },
    policy,
    older: [],
    skewMs: 0,
    meaning: false,
  });
  if (!ok)
    throw new Error(
      `the log does not verify with the archive: ${problems[0]?.sentence ?? 'no reason given'}`,
    );
}

/** In place of the compressed bundles beside the log stand links to those of the archive. */
function linkBundles(tree: string, folder: string, bundles: number): void {
  for (let index = 0; index < bundles; index++) {
    const file = bundleFile(tree, index);
    const there = lstatSync(file, { throwIfNoEntry: false });
    if (there === undefined || there.isSymbolicLink()) continue;
    const aside = `${file}.tmp`;
    rmSync(aside, { force: true });
    symlinkSync(bundleFile(folder, index), aside);
    renameSync(aside, file);
  }
}

function bundleFile(folder: string, index: number): string {
  return join(folder, `${tilePath({ level: 'entries', index, width: TILE_WIDTH })}.gz`);
}
