/**
 * The log of the settings as it is verified where it lies: also against what was signed last, as the lock file of this
 * machine and the database of several instances say. So a log that was put back to an earlier state, with the checkpoint
 * of that time, is not taken for whole.
 */
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { parseSize } from '../tlog/sizes.ts';
import { readSigningLock, type SigningLock } from '../transparency/signing-lock.ts';
import { CHECKPOINT_FILE, readIfThere } from '../transparency/tile-files.ts';
import { dataSource, type LogSource, readerSource } from '../verify/source.ts';
import { TLOG_FOLDER } from './log-common.ts';

type LiveSettings = Pick<Settings, 'data'> & {
  readonly store?: Settings['store'];
  readonly transparency?: Pick<NonNullable<Settings['transparency']>, 'lockFile'> | undefined;
};

/** A checkpoint, and where it was kept. */
interface Kept {
  readonly name: string;
  readonly note: string;
}

export interface LiveLog {
  readonly source: LogSource;
  /** What the log must go on from. */
  readonly older: readonly Kept[];
  /** What could not be compared, in a sentence. */
  readonly lacking?: string;
}

export interface KeptElsewhere {
  /** What the database of several instances says of the last signature; undefined where there is none, or nothing was signed. */
  readonly database: SigningLock | undefined;
  /** Whether other checkpoints were given, which do what a lost lock file does not. */
  readonly given: boolean;
}

const DATABASE = 'what the database remembers of the last signature';

/** @throws {Error} with one sentence where something was signed and what says so is missing, or cannot be read. */
export async function liveLog(
  { data, store, transparency }: LiveSettings,
  reader: Pick<LogReader, 'size' | 'entries'>,
  { database, given }: KeptElsewhere,
): Promise<LiveLog> {
  const tiles = join(data, TLOG_FOLDER);
  const source = store === undefined ? dataSource(data, tiles) : readerSource(reader, tiles);
  // Where this instance signs nothing, it has only what another one gave it.
  const lockFile = transparency?.lockFile;
  const here = lockFile === undefined ? undefined : readSigningLock(lockFile);
  const missing = lockFile !== undefined && here === undefined;
  if (missing && database === undefined && !given) {
    await source.checkpoint();
    throw new Error(
      `${lockFile}, which says what was signed last, is missing: bring it back, or give a checkpoint that was kept with --against`,
    );
  }
  const published = readIfThere(join(tiles, CHECKPOINT_FILE))?.toString('utf8');
  const all = [...keptIn(here, lockFile ?? ''), ...keptIn(database, DATABASE)];
  const origin = originOf(published ?? database?.checkpoint ?? here?.checkpoint ?? '');
  const following = all.filter(({ note }) => originOf(note) === origin);
  const older = all.filter(
    (one) => !following.some((other) => isBefore(one, other) && !isBefore(other, one)),
  );
  const newest = newestOf([published, ...older.map(({ note }) => note)], await reader.size());
  return {
    older,
    source: { ...source, checkpoint: async () => newest ?? source.checkpoint() },
    ...(missing &&
      !given && { lacking: `${lockFile} is missing: what this machine saw signed is not compared` }),
  };
}

interface KeptIn extends Kept {
  /** The last notes of origins before. */
  readonly former: readonly string[];
}

function keptIn(lock: SigningLock | undefined, name: string): readonly KeptIn[] {
  return lock?.checkpoint === undefined ? [] : [{ name, note: lock.checkpoint, former: lock.former }];
}

/**
 * Whether what was signed is of an origin before that of `following`, and so says nothing of it. That counts where the log is
 * verified as the one that follows, by its signature: whoever can write into the database could else have what this machine
 * saw left out.
 */
function isBefore({ note }: KeptIn, following: KeptIn): boolean {
  const origin = originOf(note);
  if (origin === originOf(following.note)) return false;
  return following.former.some((one) => originOf(one) === origin);
}

/** Of a note that nobody believes yet. */
function originOf(note: string): string {
  return note.split('\n')[0] ?? '';
}

/**
 * What is signed is kept first, and published a moment later. Where what was published is gone, what was kept is what the
 * log must be, also where it has less than that.
 */
function newestOf([published, ...kept]: readonly (string | undefined)[], size: number): string | undefined {
  const [last] = kept.filter((note) => note !== undefined).sort((one, other) => sizeOf(other) - sizeOf(one));
  if (published === undefined || last === undefined) return published ?? last;
  return sizeOf(last) > sizeOf(published) && sizeOf(last) <= size ? last : published;
}

/** Of a note that nobody believes yet. */
function sizeOf(note: string): number {
  return parseSize(note.split('\n')[1] ?? '') ?? 0;
}
