/** Reads a file that a person wrote, or says in a sentence why it cannot be read. */
import { readFile } from 'node:fs/promises';

export type TextOutcome =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** How the loaders of this room reach files; a test passes its own. */
export type ReadText = (path: string) => Promise<TextOutcome>;

/** Reads a whole file as UTF-8. Never throws for what a file system can answer. */
export async function readText(path: string): Promise<TextOutcome> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return { ok: false, reason: `cannot be read: ${describeErrno(error)}` };
  }
  try {
    return { ok: true, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { ok: false, reason: 'cannot be read: it is not UTF-8 text' };
  }
}

/** The meaning of an error number of the system, for a person. */
export function describeErrno(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  const known = typeof code === 'string' ? MEANINGS[code] : undefined;
  return (
    known ??
    (typeof code === 'string' ? `the system says ${code}` : 'for a reason that the system does not name')
  );
}

const MEANINGS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EROFS: 'its disk is read-only',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder, not a file',
  ENOTDIR: 'a part of its path is a file, not a folder',
  ELOOP: 'its symbolic links lead in a circle',
  ENAMETOOLONG: 'its path is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk gives an error',
};
