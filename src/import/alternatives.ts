/** Writes a pattern out as what can stand one behind the other: choices and optional parts become alternatives. */
import { setHas } from './pattern.ts';
import type { Node } from './pattern-node.ts';

/** What one stretch of a repository's name fits. */
export type Atom = { readonly kind: 'text'; readonly text: string } | Star;

/** Any characters, as many as there are, but `least` at least. */
export interface Star {
  readonly kind: 'star';
  /** Whether also slashes. */
  readonly slash: boolean;
  readonly least: number;
  /** Whether there can be any number of them. */
  readonly many: boolean;
}

export interface Alternative {
  readonly atoms: readonly Atom[];
  /** False where the atoms fit more than the pattern does. */
  readonly exact: boolean;
  /** Whether a ^ or $ holds it at that end. */
  readonly start: boolean;
  readonly end: boolean;
}

/** More of them are no longer read by a person. */
const LIMIT = 64;
/** Characters of a set that are written out, one alternative for each. */
const SET_LIMIT = 16;
/** Of the names of repositories, without the slash. */
const ALPHABET = [...'abcdefghijklmnopqrstuvwxyz0123456789._-'];

type Anchor = { readonly kind: 'start' } | { readonly kind: 'end' };

interface Draft {
  readonly atoms: readonly (Atom | Anchor)[];
  readonly exact: boolean;
}

const EMPTY: Draft = { atoms: [], exact: true };
const ANYTHING: Draft = { atoms: [{ kind: 'star', slash: true, least: 0, many: true }], exact: false };

/** All of a pattern's alternatives over names of repositories; what cannot be written out is widened, and not exact. */
export function alternativesOf(node: Node): readonly Alternative[] {
  return draftsOf(node).flatMap((draft) => {
    const alternative = anchored(draft);
    return alternative ? [alternative] : [];
  });
}

function draftsOf(node: Node): readonly Draft[] {
  switch (node.kind) {
    case 'text':
      return [{ atoms: [{ kind: 'text', text: node.text }], exact: true }];
    case 'start':
    case 'end':
      return [{ atoms: [node], exact: true }];
    case 'set':
      return setDrafts(node);
    case 'group':
      return draftsOf(node.inner);
    case 'choice':
      return capped(node.options.flatMap(draftsOf));
    case 'sequence':
      return node.parts.reduce<readonly Draft[]>(
        (before, part) => {
          const next = draftsOf(part);
          return capped(before.flatMap((left) => next.map((right) => join(left, right))));
        },
        [EMPTY],
      );
    case 'repeat':
      return repeatDrafts(node);
  }
}

function join(left: Draft, right: Draft): Draft {
  return { atoms: [...left.atoms, ...right.atoms], exact: left.exact && right.exact };
}

function capped(drafts: readonly Draft[]): readonly Draft[] {
  return drafts.length > LIMIT ? [ANYTHING] : drafts;
}

function setDrafts({ set }: Extract<Node, { kind: 'set' }>): readonly Draft[] {
  const found = ALPHABET.filter((character) => setHas(set, character.charCodeAt(0)));
  const slash = setHas(set, 47);
  const all = slash ? [...found, '/'] : found;
  if (all.length > SET_LIMIT) {
    const exact = found.length === ALPHABET.length;
    return [{ atoms: [{ kind: 'star', slash, least: 1, many: false }], exact }];
  }
  return all.map((text) => ({ atoms: [{ kind: 'text', text }], exact: true }));
}

function repeatDrafts({ inner, least, most }: Extract<Node, { kind: 'repeat' }>): readonly Draft[] {
  if (least === 0 && most === 1) return capped([EMPTY, ...draftsOf(inner)]);
  const star = (slash: boolean, exact: boolean): Draft => ({
    atoms: [{ kind: 'star', slash, least, many: true }],
    exact,
  });
  if (inner.kind === 'set') {
    const slash = setHas(inner.set, 47);
    const every = ALPHABET.every((character) => setHas(inner.set, character.charCodeAt(0)));
    return [star(slash, every && most === Infinity)];
  }
  if (inner.kind === 'text') return [star(inner.text === '/', false)];
  return [ANYTHING];
}

/** Takes ^ and $ to the ends. @returns undefined where one stands so that nothing fits. */
function anchored({ atoms, exact }: Draft): Alternative | undefined {
  const first = atoms.findLastIndex(({ kind }) => kind === 'start');
  const last = atoms.findIndex(({ kind }) => kind === 'end');
  const inner: Atom[] = [];
  for (const [index, atom] of atoms.entries()) {
    if (atom.kind === 'start' || atom.kind === 'end') continue;
    if (index > first && (last < 0 || index < last)) inner.push(atom);
    // Before ^ and behind $ there is nothing; a star there is empty, and all else does not fit.
    else if (atom.kind === 'text' || atom.least > 0) return undefined;
  }
  return { atoms: inner, exact, start: first >= 0, end: last >= 0 };
}
