/** The secret by which this registry is a client of an issuer. RFC 6749 section 2.3.1. */
import type { Problem } from '../config/yaml.ts';
import { readSecretFile } from './read-secret-file.ts';

export type LoadedClientSecret =
  | { readonly ok: true; readonly secret: string; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** RFC 6749 appendix A.2, without the blank: one at an end is a slip. */
const LINE = /^([\x21-\x7e]{1,1024})\r?\n?$/;

/** @returns the secret of the text of its file. */
export function readClientSecret(
  text: string,
): { readonly ok: true; readonly secret: string } | { readonly ok: false; readonly reason: string } {
  const secret = LINE.exec(text)?.[1];
  return secret === undefined
    ? { ok: false, reason: 'expected one line of printable ASCII without blanks: the client secret' }
    : { ok: true, secret };
}

export function loadClientSecret(file: string): LoadedClientSecret {
  const found = readSecretFile(file, 'secret');
  if (!found.ok) return found;
  const read = readClientSecret(found.text);
  return read.ok
    ? { ok: true, secret: read.secret, warnings: found.warnings }
    : { ok: false, problems: [{ file, line: 1, column: 1, message: read.reason }] };
}
