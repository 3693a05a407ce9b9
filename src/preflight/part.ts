/** What a part of the start found in its files. */
import type { Problem } from '../config/yaml.ts';

export type Part<T> =
  | ({ readonly ok: true; readonly warnings: readonly Problem[] } & T)
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** A problem of a file as a whole. */
export function at(file: string, message: string): Problem {
  return { file, line: 1, column: 1, message };
}
