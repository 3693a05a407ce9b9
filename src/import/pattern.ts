/**
 * Reads the two kinds of pattern that docker_auth takes: the globs of Go's `path.Match`, and regular expressions of RE2
 * between slashes. What is not understood here is said to be so, never guessed.
 *
 * @see https://pkg.go.dev/path#Match
 * @see https://github.com/google/re2/wiki/Syntax
 */
import type { CharacterSet, Node } from './pattern-node.ts';
import { parseRegex } from './regex.ts';

export type Pattern =
  | { readonly kind: 'glob' | 'regex'; readonly node: Node }
  /** Fits nothing: docker_auth treats a malformed glob so. */
  | { readonly kind: 'never' }
  | { readonly kind: 'unread'; readonly reason: string };

const SLASH: readonly [number, number] = [47, 47];
const NO_SLASH: Node = { kind: 'set', set: { negated: true, ranges: [SLASH] } };

/** A regular expression stands between slashes, with something between them; all else is a glob. */
export function isRegex(text: string): boolean {
  return text.length > 2 && text.startsWith('/') && text.endsWith('/');
}

/** Longer ones are written by programs; reading them could take as much stack or time as they like. */
const LENGTH = 1000;

export function parsePattern(text: string): Pattern {
  if (text.length > LENGTH) return { kind: 'unread', reason: `it is longer than ${LENGTH} characters` };
  if (!isRegex(text)) return parseGlob(text);
  const parsed = parseRegex(text.slice(1, -1));
  return typeof parsed === 'string' ? { kind: 'unread', reason: parsed } : { kind: 'regex', node: parsed };
}

/** Of `path.Match`: `*` and `?` stop at a slash, a set in brackets does not; the whole text must fit. */
function parseGlob(text: string): Pattern {
  const characters = [...text];
  const parts: Node[] = [{ kind: 'start' }];
  let at = 0;
  /** One character of a set, which may be escaped. */
  const member = (): number | undefined => {
    let character = characters[at++];
    if (character === '-' || character === ']') return undefined;
    if (character === '\\') character = characters[at++];
    // Something must follow, if only the bracket.
    return at < characters.length ? character?.codePointAt(0) : undefined;
  };
  while (at < characters.length) {
    const character = characters[at++] ?? '';
    if (character === '*') {
      parts.push({ kind: 'repeat', inner: NO_SLASH, least: 0, most: Infinity, lazy: false });
    } else if (character === '?') {
      parts.push(NO_SLASH);
    } else if (character === '[') {
      const negated = characters[at] === '^';
      if (negated) at++;
      const ranges: [number, number][] = [];
      while (ranges.length === 0 || characters[at] !== ']') {
        const low = member();
        if (low === undefined) return { kind: 'never' };
        let high: number | undefined = low;
        if (characters[at] === '-') {
          at++;
          high = member();
          if (high === undefined) return { kind: 'never' };
        }
        ranges.push([low, high]);
      }
      at++;
      parts.push({ kind: 'set', set: { negated, ranges } });
    } else if (character === '\\') {
      const escaped = characters[at++];
      if (escaped === undefined) return { kind: 'never' };
      parts.push({ kind: 'text', text: escaped });
    } else {
      parts.push({ kind: 'text', text: character });
    }
  }
  parts.push({ kind: 'end' });
  return { kind: 'glob', node: { kind: 'sequence', parts } };
}

export function setHas({ negated, ranges }: CharacterSet, code: number): boolean {
  return ranges.some(([low, high]) => low <= code && code <= high) !== negated;
}
