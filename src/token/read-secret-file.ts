/** Reads a file that nobody else should read, and says when others can. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import type { Problem } from '../config/yaml.ts';
import { fileProblem } from './file-problem.ts';

export type SecretFile =
  | { readonly ok: true; readonly text: string; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Group write and everything of others. */
const TOO_OPEN = 0o027;

/** @param called what is in it, for the sentences. Keys are what Warden's own command makes. */
export function readSecretFile(file: string, called: 'key' | 'secret' = 'key'): SecretFile {
  let text: string;
  let mode: number;
  try {
    const handle = openSync(file, 'r');
    try {
      mode = fstatSync(handle).mode & 0o777;
      text = readFileSync(handle, 'utf8');
    } finally {
      closeSync(handle);
    }
  } catch (error) {
    return {
      ok: false,
      problems: [fileProblem(file, `the ${called} cannot be read`, error, called === 'key')],
    };
  }
  const message = `the ${called} is open to other users of this machine (mode ${mode.toString(8)}); chmod 600 ${file}`;
  const warnings = (mode & TOO_OPEN) === 0 ? [] : [{ file, line: 1, column: 1, message }];
  return { ok: true, text, warnings };
}
