/** Requests to begin from, kept in corpus/: what showed something once, or is likely to. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A request as it is written to a socket. */
export interface RawRequest {
  readonly method: string;
  /** Characters are bytes (latin1). */
  readonly target: string;
  /** Without Host, User-Agent and the framing of the body. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

const FOLDER = join(import.meta.dirname, 'corpus');

/** What a blob holds that only the repository `sec` has, where a suite has put it there. */
export const SECRET = 'for the readers of sec';
export const SECRET_DIGEST = `sha256:${createHash('sha256').update(SECRET).digest('hex')}`;

/** In place of $DIGEST, $OTHER and $UUID stand well-formed ones. */
const WORDS: Readonly<Record<string, string>> = {
  $DIGEST: SECRET_DIGEST,
  $OTHER: `sha256:${'b2'.repeat(32)}`,
  $UUID: '7845db1c-ed8a-4ed6-8b73-6eadf6adbfd5',
};

/** All requests of all files: [method, target], then headers and a body where there are any. */
export function readCorpus(): readonly RawRequest[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const text = readFileSync(join(FOLDER, name), 'utf8').replace(
        /\$[A-Z]+/g,
        (word) => WORDS[word] ?? word,
      );
      const entries = JSON.parse(text) as [string, string, [string, string][]?, string?][];
      return entries.map(([method, target, headers = [], body = '']) => ({ method, target, headers, body }));
    });
}
