/** Whether more was signed than the log has: it was put back from a backup, or is another one. Said by checks. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../config/settings.ts';
import type { Problem } from '../config/yaml.ts';
import { LOG_FILE } from '../provenance/log-thread.ts';
import { parseCheckpoint } from '../tlog/checkpoint.ts';
import { parseNote } from '../tlog/note.ts';
import { readSigningLock } from '../transparency/signing-lock.ts';
import { openLogOf } from './open-log.ts';

/** @returns what is to be told; nothing where nothing is signed, or the log cannot be read: that is told elsewhere. */
export async function signedMore(
  settings: Pick<Settings, 'data' | 'store' | 'transparency'>,
): Promise<readonly Problem[]> {
  const { transparency } = settings;
  if (transparency === undefined) return [];
  const { lockFile } = transparency;
  const tell = (message: string): readonly Problem[] => [{ file: lockFile, line: 1, column: 1, message }];
  let signed: number | undefined;
  try {
    signed = sizeOf(readSigningLock(lockFile)?.checkpoint);
  } catch (error) {
    return tell((error as Error).message);
  }
  const size = signed === undefined ? undefined : await sizeOfLog(settings);
  if (signed === undefined || size === undefined || size >= signed) return [];
  return tell(
    `says that ${signed} records were signed, and the log has ${size}: it was put back to an earlier state, and is not signed (docs/operating.md, Backup and restore)`,
  );
}

function sizeOf(note: string | undefined): number | undefined {
  const parsed = note === undefined ? undefined : parseNote(note);
  const read = parsed?.ok ? parseCheckpoint(parsed.note.text) : undefined;
  return read?.ok ? read.checkpoint.size : undefined;
}

async function sizeOfLog(settings: Pick<Settings, 'data' | 'store'>): Promise<number | undefined> {
  // Where there is none at all, a new one would be begun.
  if (settings.store === undefined && !existsSync(join(settings.data, LOG_FILE))) return 0;
  try {
    const reader = await openLogOf(settings);
    return await reader.size().finally(() => reader.close());
  } catch {
    return undefined;
  }
}
