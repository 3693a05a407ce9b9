import type { Problem } from '../config/yaml.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a folder',
  EEXIST: 'something else stands at its path',
  ENOTDIR: 'a part of its path is not a folder',
  EROFS: 'its disk is read-only',
  ENOSPC: 'its disk is full',
};

/**
 * A failure of the file system as one sentence: `what` happened, and why.
 *
 * @param ours whether Warden's own command makes such files.
 */
export function fileProblem(file: string, what: string, error: unknown, ours = true): Problem {
  const { code, message } = error as { code?: string; message: string };
  const hint = ours && code === 'ENOENT' ? '; `warden keys init` makes what is missing' : '';
  return { file, line: 1, column: 1, message: `${what}: ${REASONS[code ?? ''] ?? message}${hint}` };
}
