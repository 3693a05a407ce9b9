import type { Problem } from '../config/yaml.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; `warden keys init` makes what is missing',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  EEXIST: 'something else stands at its path',
  ENOTDIR: 'a part of its path is not a folder',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
};

/** A failure of the file system as one sentence: `what` happened, and why. */
export function fileProblem(file: string, what: string, error: unknown): Problem {
  const { code, message } = error as { code?: string; message: string };
  return { file, line: 1, column: 1, message: `${what}: ${REASONS[code ?? ''] ?? message}` };
}
