/** Turns patterns of docker_auth into patterns of repositories of the policy language. */

import { repositoryGlobCovers } from '../policy/covers.ts';
import { type Parsed, parseRepositoryGlob, type RepositoryGlob } from '../policy/glob.ts';
import { type Alternative, type Atom, alternativesOf, type Star } from './alternatives.ts';
import { parsePattern } from './pattern.ts';
import { isSearched, type Reading } from './try-pattern.ts';

/**
 * Characters that stand for a variable while a pattern is read: files that hold them (private use) are refused, and
 * no pattern gives them a meaning.
 */
export const VARIABLES: ReadonlyMap<string, string> = new Map([
  ['\uE000', '{user}'],
  ['\uE001', '{group}'],
]);

export interface RepositoryGlobs {
  /** Fit nothing that the pattern does not fit; for what is granted. */
  readonly under: readonly string[];
  /** Fit everything that the pattern fits; for what is taken away. */
  readonly over: readonly string[];
}

/**
 * @param reading of a regular expression; an end at a slash or a star is open on purpose. @returns a sentence where the pattern cannot be read.
 */
export function repositoryGlobs(text: string, reading: Reading): RepositoryGlobs | string {
  const pattern = parsePattern(text);
  if (pattern.kind === 'never') return { under: [], over: [] };
  if (pattern.kind === 'unread') return pattern.reason;
  const open = isSearched(pattern.node, reading);
  const under: string[] = [];
  const over: string[] = [];
  for (const alternative of alternativesOf(pattern.node)) {
    const { atoms, exact } = merged(opened(alternative, open));
    const wide = written(atoms, false);
    if (wide === undefined) return 'a placeholder stands beside other text';
    over.push(...wide);
    if (alternative.exact && exact) under.push(...(written(atoms, true) ?? []));
  }
  return { under: simplified(under), over: simplified(over) };
}

const OPEN: Star = { kind: 'star', slash: true, least: 0, many: true };

function opened({ atoms, start, end }: Alternative, open: boolean): readonly Atom[] {
  const before = !start && (open || opensAt(atoms[0]));
  const behind = !end && (open || opensAt(atoms.at(-1)));
  return [...(before ? [OPEN] : []), ...atoms, ...(behind ? [OPEN] : [])];
}

function opensAt(atom: Atom | undefined): boolean {
  return atom !== undefined && (atom.kind === 'text' ? atom.text === '/' : atom.slash);
}

/** Stars that touch become one; not exact where that one fits more than they do. */
function merged(atoms: readonly Atom[]): { readonly atoms: readonly Atom[]; readonly exact: boolean } {
  const result: Atom[] = [];
  let exact = true;
  for (const atom of atoms) {
    const before = result.at(-1);
    if (atom.kind !== 'star' || before?.kind !== 'star') {
      result.push(atom);
      continue;
    }
    // One that stops at slashes vanishes in one that does not if it may be empty; else it says where a slash may stand.
    const same = before.slash === atom.slash;
    const narrow = before.slash ? atom : before;
    if (same ? !before.many && !atom.many : !narrow.many || narrow.least > 0) exact = false;
    if (!same && !(before.slash ? before : atom).many) exact = false;
    result[result.length - 1] = {
      kind: 'star',
      slash: before.slash || atom.slash,
      least: before.least + atom.least,
      many: before.many || atom.many,
    };
  }
  return { atoms: result, exact };
}

/** @param strict only what surely fits. @returns undefined where a variable does not stand alone between slashes. */
function written(atoms: readonly Atom[], strict: boolean): readonly string[] | undefined {
  let globs: readonly string[] = [''];
  for (const [index, atom] of atoms.entries()) {
    const left = atoms[index - 1];
    const right = atoms[index + 1];
    if (atom.kind === 'text') {
      const variable = VARIABLES.get(atom.text);
      if (variable !== undefined && (touches(left) || touches(right))) return undefined;
      // No name holds it. A brace must not become a variable, nor a star that was escaped a wildcard.
      if (variable === undefined && !/^[a-z0-9._/-]$/.test(atom.text)) return [];
      globs = globs.map((glob) => glob + (variable ?? atom.text));
    } else {
      const forms = starForms(atom, left, right, strict);
      globs = globs.flatMap((glob) => forms.map((form) => glob + form));
      if (globs.length > LIMIT) return strict ? [] : ['**'];
    }
  }
  return globs;
}

function touches(atom: Atom | undefined): boolean {
  return atom !== undefined && !(atom.kind === 'text' && atom.text === '/');
}

/** More of them are no longer read by a person. */
const LIMIT = 64;

/** What a star can be, by whether it touches text of its component on the left and on the right. */
function starForms(
  { slash, least, many }: Star,
  left: Atom | undefined,
  right: Atom | undefined,
  strict: boolean,
): readonly string[] {
  const onLeft = touches(left);
  const onRight = touches(right);
  if (strict && (least > 1 || !many)) return [];
  // A component is never empty, and neither begins nor ends in a separator: beside one, a star is never empty.
  const filled =
    least === 0 ||
    (!onLeft && !onRight) ||
    (onLeft && !onRight && separates(left)) ||
    (onRight && !onLeft && separates(right));
  const inside = filled || !strict ? ['*'] : [];
  if (!slash) return inside;
  if (!onLeft && !onRight) {
    if (right !== undefined) return ['*/**'];
    return ['**'];
  }
  if (onLeft && onRight) return [...inside, '*/**/*'];
  if (onLeft) {
    if (right === undefined) return [...inside, '*/**'];
    return filled || !strict ? ['*/**'] : ['*/*/**'];
  }
  return filled || !strict ? ['**/*'] : ['*/**/*'];
}

function separates(atom: Atom | undefined): boolean {
  return atom?.kind === 'text' && /[._-]/.test(atom.text);
}

/** In the form of the language, without those that fit no name and those that others cover. */
function simplified(globs: readonly string[]): readonly string[] {
  const read = new Map<string, RepositoryGlob>();
  for (const glob of globs) {
    const parsed: Parsed<RepositoryGlob> = parseRepositoryGlob(glob.replace(/\*\*(?:\/\*\*)+/g, '**'));
    if (parsed.ok) read.set(parsed.glob.text, parsed.glob);
  }
  const all = [...read.values()];
  return all
    .filter(
      (glob, index) =>
        !all.some(
          (other, place) =>
            other !== glob &&
            repositoryGlobCovers(other, glob) &&
            (place < index || !repositoryGlobCovers(glob, other)),
        ),
    )
    .map(({ text }) => text);
}
