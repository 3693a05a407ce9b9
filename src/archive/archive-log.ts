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
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { archivedOf, entriesOf, setArchived } from '../provenance/archived-entries.ts';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { putFile } from '../store/durable-file.ts';
import { failureSentence } from '../store/failure-sentence.ts';
import { transaction } from '../store/transaction.ts';
import { encodeBundle } from '../tlog/bundle.ts';
import { HASH_SIZE } from '../tlog/hashing.ts';
import type { TrustPolicy } from '../tlog/policy-file.ts';
import { TILE_WIDTH, tilePath } from '../tlog/tile.ts';
import { readPublished } from '../transparency/prove-from-files.ts';
import { dataSource, firstOf, folderSource } from '../verify/source.ts';
import { verifyLog } from '../verify/verify-log.ts';

export interface ArchiveOptions {
  /** Of log.db and tlog. */
  readonly data: string;
  /** The same folder each time: an archive grows. */
  readonly to: string;
  /** Milliseconds since 1970: records before it. */
  readonly before: number;
  /** Whose signature of the checkpoint is believed. */
  readonly policy: TrustPolicy;
}

export interface ArchiveReport {
  /** Entries below it are in the archive. */
  readonly until: number;
  /** How many were taken out of the log now. */
  readonly taken: number;
}

const TREE = 'tlog';
/** Rows that are deleted in one transaction, so that the server never waits long. */
const BATCH = 16 * TILE_WIDTH;
const TIMEOUT_MS = 10_000;
/** The newest bundles stay in the log, whatever their age: the last records are what each start looks at. */
const KEPT_BUNDLES = 1;

/** @throws {Error} with one sentence; then nothing was taken out of the log that is not in the archive. */
export async function archiveLog({ data, to, before, policy }: ArchiveOptions): Promise<ArchiveReport> {
  const folder = resolve(to);
  const db = openLog(join(data, LOG_FILE));
  try {
    const done = archivedOf(db);
    if (done !== undefined && done.folder !== folder) {
      throw new Error(`records below ${done.until} are in ${done.folder}: an archive is one folder`);
    }
    const read = entriesOf(db);
    const size = Number(db.prepare('SELECT size FROM head').get()?.['size']);
    const signed = sizeOf(readPublished(join(data, TREE), false));
    const bundles = oldBundles(read, Math.min(size, signed), before, done?.until ?? 0);
    const until = bundles * TILE_WIDTH;
    for (let index = Math.floor((done?.until ?? 0) / TILE_WIDTH); index < bundles; index++) {
      putBundle(bundleFile(folder, index), encodeBundle(read(index * TILE_WIDTH, TILE_WIDTH)));
    }
    if (until === 0) return { until: 0, taken: 0 };
    copyTree(join(data, TREE), folder, bundles);
    await requireVerified({ data, folder, policy });
    // The archive first, then the word of it, then the deletion: at every moment each record is somewhere that is known.
    transaction(db, () => setArchived(db, { until, folder }));
    const taken = takeOut(db, until);
    linkBundles(join(data, TREE), folder, bundles);
    return { until, taken };
  } catch (error) {
    throw new Error(failureSentence('nothing more is taken out of the log', error));
  } finally {
    db.close();
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

function openLog(file: string): DatabaseSync {
  if (!existsSync(file)) throw new Error(`${file}: there is no such file`);
  const db = new DatabaseSync(file, { timeout: TIMEOUT_MS });
  // What is deleted is overwritten as well: it may have been archived because it must not stay.
  db.exec('PRAGMA synchronous=FULL; PRAGMA secure_delete=ON');
  return db;
}

/** How many bundles from the beginning hold only records of before that time, and are in the signed tree. */
function oldBundles(
  read: (from: number, limit: number) => Uint8Array[],
  size: number,
  before: number,
  from: number,
): number {
  const most = Math.floor(size / TILE_WIDTH) - KEPT_BUNDLES;
  let bundles = Math.floor(from / TILE_WIDTH);
  while (bundles < most) {
    const entries = read(bundles * TILE_WIDTH, TILE_WIDTH);
    const old = entries.every((entry) => {
      const { time } = JSON.parse(Buffer.from(entry).toString('utf8')) as { time?: string };
      return Date.parse(time ?? '') < before;
    });
    if (!old) break;
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
async function requireVerified({
  data,
  folder,
  policy,
}: {
  readonly data: string;
  readonly folder: string;
  readonly policy: TrustPolicy;
}): Promise<void> {
  const live = dataSource(data, join(data, TREE));
  const archive = folderSource(folder);
  const { ok, problems } = await verifyLog({
    source: {
      ...firstOf(archive, live),
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

function takeOut(db: DatabaseSync, until: number): number {
  const first = db.prepare('SELECT min(idx) AS idx FROM entry');
  const drop = db.prepare('DELETE FROM entry WHERE idx < ?');
  let taken = 0;
  for (let from = Number(first.get()?.['idx']); from < until; from += BATCH) {
    transaction(db, () => {
      taken += Number(drop.run(Math.min(until, from + BATCH)).changes);
    });
  }
  return taken;
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
