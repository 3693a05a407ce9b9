/**
 * The log of the settings as it is verified where it lies: also against what was signed last, which is kept apart from
 * it. So a log that was put back to an earlier state, with the checkpoint of that time, is not taken for whole.
 */
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { LogReader } from '../provenance/log-store.ts';
import { parseSize } from '../tlog/sizes.ts';
import { readSigningLock } from '../transparency/signing-lock.ts';
import { dataSource, type LogSource, readerSource } from '../verify/source.ts';
import { TLOG_FOLDER } from './log-common.ts';

type LiveSettings = Pick<Settings, 'data'> & {
  readonly store?: Settings['store'];
  readonly transparency?: Pick<NonNullable<Settings['transparency']>, 'lockFile'> | undefined;
};

export interface LiveLog {
  readonly source: LogSource;
  /** What the log must go on from. */
  readonly older: readonly { readonly name: string; readonly note: string }[];
}

/**
 * @param kept whether other checkpoints were given, which do what a lost lock file does not.
 * @throws {Error} with one sentence where something was signed and the lock file is missing, or cannot be read.
 */
export async function liveLog(
  { data, store, transparency }: LiveSettings,
  reader: Pick<LogReader, 'size' | 'entries'>,
  kept: boolean,
): Promise<LiveLog> {
  const tiles = join(data, TLOG_FOLDER);
  const source = store === undefined ? dataSource(data, tiles) : readerSource(reader, tiles);
  // Where this instance signs nothing, it has only what another one gave it.
  if (transparency === undefined) return { source, older: [] };
  const { lockFile } = transparency;
  const lock = readSigningLock(lockFile);
  if (lock === undefined) {
    await source.checkpoint();
    if (kept) return { source, older: [] };
    throw new Error(
      `${lockFile}, which says what was signed last, is missing: bring it back, or give a checkpoint that was kept with --against`,
    );
  }
  const last = lock.checkpoint;
  if (last === undefined) return { source, older: [] };
  return {
    source: {
      ...source,
      /** What is signed is in the lock file first, and published a moment later. */
      async checkpoint() {
        const published = await source.checkpoint();
        return sizeOf(last) > sizeOf(published) && sizeOf(last) <= (await reader.size()) ? last : published;
      },
    },
    older: [{ name: lockFile, note: last }],
  };
}

/** Of a note that nobody believes yet. */
function sizeOf(note: string): number {
  return parseSize(note.split('\n')[1] ?? '') ?? 0;
}
