/**
 * Says in words why SQLite failed.
 *
 * @see https://www.sqlite.org/rescode.html
 */
import { FILE_GONE, THREAD_GONE } from './thread.ts';

/** By primary result code: the low eight bits of the extended one. */
const SENTENCES: Readonly<Record<number, string>> = {
  5: 'another process holds it locked',
  8: 'it, or its disk, is read-only',
  10: 'its disk reports an input/output error',
  11: 'its content is damaged',
  13: 'its disk is full',
  14: 'it cannot be opened',
  26: 'it is not a database',
};

/** By extended result code, where that knows more. Shared memory beside a file grows by truncate, and only a full disk refuses that. */
const CLOSER: Readonly<Record<number, string>> = {
  4874: 'its disk is full',
};

/** What happened to `what` (a name that a person knows, with its path), as one clear sentence without an end stop. */
export function failureSentence(what: string, error: unknown): string {
  const { errcode, message } = error as { errcode?: number; message?: string };
  if (errcode === THREAD_GONE || errcode === FILE_GONE) return `${what}: ${message}; a restart is needed`;
  const reason = errcode === undefined ? undefined : (CLOSER[errcode] ?? SENTENCES[errcode & 255]);
  return `${what}: ${reason ?? message ?? String(error)}`;
}

/** True for a refusal by a constraint (a second row of the same key): an answer, not a failure of the disk. */
export function isConstraint(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode > 0 && (errcode & 255) === 19;
}

/** True where the file or the thread failed, as opposed to a call that was wrong. */
export function isStorageFailure(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && !isConstraint(error);
}

/** Full, read-only, failing, damaged, held by another process, not openable: what may be mended while the process runs. */
export function isTroubleOfDisk(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode > 0 && (errcode & 255) in SENTENCES;
}

/** Its content is damaged, or no database at all: nothing that is written there can be relied on. */
export function isDamage(error: unknown): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && errcode > 0 && [11, 26].includes(errcode & 255);
}
