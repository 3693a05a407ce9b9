/** The keys of clients' tokens as they lie in a folder: `tokens.pem`, and those that follow it, `tokens.20261123T074500Z.pem`. */
import { readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import type { Problem } from '../config/yaml.ts';
import type { KeyRing, RingKey } from './key-ring.ts';
import { type Algorithm, loadSigningKey } from './keys.ts';

export type LoadedRing =
  | { readonly ok: true; readonly ring: KeyRing; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[] };

const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** The name of the file of a key that signs from a whole second on, in milliseconds since 1970. */
export function ringFile(keyFile: string, signsFrom: number): string {
  const time = new Date(signsFrom).toISOString().replace(/[-:]|\.\d+/g, '');
  const { folder, stem, extension } = partsOf(keyFile);
  return join(folder, `${stem}.${time}${extension}`);
}

/** The files that follow a key file, with the time from which each signs; in that order. Never throws. */
export function followersOf(
  keyFile: string,
): readonly { readonly file: string; readonly signsFrom: number }[] {
  const { folder, stem, extension } = partsOf(keyFile);
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch {
    // The key file itself cannot be read then, and that is told.
    return [];
  }
  return names
    .filter((name) => name.startsWith(`${stem}.`) && name.endsWith(extension))
    .map((name) => ({
      file: join(folder, name),
      signsFrom: timeOf(name.slice(stem.length + 1, name.length - extension.length)),
    }))
    .filter(({ signsFrom }) => !Number.isNaN(signsFrom))
    .sort((one, other) => one.signsFrom - other.signsFrom);
}

/** Loads all of them. `algorithm`: what the settings say; a key of before may be of another. */
export function loadKeyRing(keyFile: string, algorithm: Algorithm): LoadedRing {
  const files = [{ file: keyFile, signsFrom: -Infinity }, ...followersOf(keyFile)];
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const ring: RingKey[] = [];
  for (const [index, { file, signsFrom }] of files.entries()) {
    const loaded = loadSigningKey(file, index === files.length - 1 ? algorithm : undefined);
    if (!loaded.ok) {
      problems.push(...loaded.problems);
      continue;
    }
    warnings.push(...loaded.warnings);
    if (ring.some(({ key }) => key.kid === loaded.key.kid)) continue;
    ring.push({ file, signsFrom, key: loaded.key });
  }
  const [first, ...rest] = ring;
  if (problems.length > 0 || first === undefined) return { ok: false, problems };
  return { ok: true, ring: [first, ...rest], warnings };
}

function partsOf(keyFile: string): {
  readonly folder: string;
  readonly stem: string;
  readonly extension: string;
} {
  const extension = extname(keyFile);
  return { folder: dirname(keyFile), stem: basename(keyFile, extension), extension };
}

/** NaN for what is no time. */
function timeOf(text: string): number {
  const [, year, month, day, hour, minute, second] = TIME.exec(text) ?? [];
  return year === undefined ? Number.NaN : Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
