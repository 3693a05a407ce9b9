/** Tries patterns on texts that are known: names of users, values of labels, kinds of scopes. */
import { alternativesOf } from './alternatives.ts';
import { isRegex, type Pattern, parsePattern, setHas } from './pattern.ts';
import type { CharacterSet, Node } from './pattern-node.ts';

/**
 * How a regular expression is read. `searched`: as docker_auth does, anywhere in the text, where no ^ or $ holds it.
 * `whole`: as its writer most likely meant it: from the first character to the last, unless ^ or $ holds one end alone.
 */
export type Reading = 'searched' | 'whole';

/** Repeats and choices. More of them could make the engine try for hours; nobody writes as many by hand. */
const WAYS = 5;
/** Texts of one pattern, written out. */
const TEXTS = 1000;

/** @returns undefined where it cannot be told. */
export function fits(patternText: string, text: string, reading: Reading): boolean | undefined {
  const pattern = parsePattern(patternText);
  if (pattern.kind === 'never') return false;
  const expression = expressionOf(pattern, reading);
  return expression?.test(text);
}

/**
 * The groups of a regular expression as it is found in a text, the whole first.
 *
 * @returns undefined where it is not found, or not understood.
 */
export function groupsOf(patternText: string, text: string): readonly string[] | undefined {
  if (!isRegex(patternText)) return undefined;
  const found = expressionOf(parsePattern(patternText), 'searched')?.exec(text);
  return found ? [...found].map((group) => group ?? '') : undefined;
}

function expressionOf(pattern: Pattern, reading: Reading): RegExp | undefined {
  if (pattern.kind === 'never' || pattern.kind === 'unread') return undefined;
  if (countWays(pattern.node) > WAYS) return undefined;
  const source = sourceOf(pattern.node);
  return new RegExp(!isSearched(pattern.node, reading) ? `^(?:${source})$` : source, 'u');
}

/** Whether a pattern holds nothing but wildcards: `/./` and `/^./` ask for a character, not for a text of one. */
export function isWild(node: Node): boolean {
  switch (node.kind) {
    case 'text':
      return false;
    case 'start':
    case 'end':
      return true;
    case 'set':
      return node.set.negated;
    case 'sequence':
      return node.parts.every(isWild);
    case 'choice':
      return node.options.every(isWild);
    case 'group':
    case 'repeat':
      return isWild(node.inner);
  }
}

/** What names of users are made of. */
const NAME_CHARACTERS = [...'abcdefghijklmnopqrstuvwxyz0123456789._@-'];

/**
 * For a pattern that asks only for a length: of how many characters a name must be at least.
 *
 * @returns undefined for any other pattern.
 */
export function leastLength(patternText: string): number | undefined {
  const pattern = parsePattern(patternText);
  if (pattern.kind === 'never' || pattern.kind === 'unread' || pattern.node.kind !== 'sequence')
    return undefined;
  const { parts } = pattern.node;
  const held = parts[0]?.kind === 'start' && parts.at(-1)?.kind === 'end';
  const bare = parts.filter(({ kind }) => kind !== 'start' && kind !== 'end');
  const lengths = bare.map((part) => {
    const single = part.kind === 'repeat' ? part.inner : part;
    if (single.kind !== 'set') return undefined;
    const { set } = single;
    if (!NAME_CHARACTERS.every((character) => setHas(set, character.charCodeAt(0)))) return undefined;
    return part.kind === 'repeat'
      ? { least: part.least, many: part.most === Infinity }
      : { least: 1, many: false };
  });
  if (lengths.length === 0 || (held && !lengths.some((length) => length?.many))) return undefined;
  return lengths.reduce<number | undefined>(
    (sum, length) => (sum === undefined || length === undefined ? undefined : sum + length.least),
    0,
  );
}

/**
 * The texts that a pattern fits as a whole, where there are only a few: `/^(ci|web)$/`.
 *
 * @returns undefined where there are others.
 */
export function literalsOf(patternText: string): readonly string[] | undefined {
  const pattern = parsePattern(patternText);
  if (pattern.kind === 'never') return [];
  return pattern.kind === 'unread' ? undefined : textsOf(pattern.node);
}

function textsOf(node: Node): readonly string[] | undefined {
  switch (node.kind) {
    case 'text':
      return [node.text];
    case 'start':
    case 'end':
      return [''];
    case 'group':
      return textsOf(node.inner);
    case 'choice':
      return allOf(node.options.map(textsOf))?.flat();
    case 'sequence':
      return allOf(node.parts.map(textsOf))?.reduce<readonly string[] | undefined>(
        (before, next) =>
          before === undefined || before.length * next.length > TEXTS
            ? undefined
            : before.flatMap((left) => next.map((right) => left + right)),
        [''],
      );
    default:
      return undefined;
  }
}

function allOf<T>(list: readonly (T | undefined)[]): readonly T[] | undefined {
  const known = list.filter((one) => one !== undefined);
  return known.length === list.length ? known : undefined;
}

/**
 * Where ^ and $ hold a regular expression, in all of its alternatives. At one end: meant as a beginning or an ending.
 * `nowhere`: it also fits inside longer texts, and `/^a|b$/`, of which each half is open, at the one or the other end.
 */
export function heldAt(patternText: string): 'both ends' | 'one end' | 'nowhere' {
  const pattern = parsePattern(patternText);
  return pattern.kind === 'regex' ? heldNode(pattern.node) : 'both ends';
}

function heldNode(node: Node): 'both ends' | 'one end' | 'nowhere' {
  if (isWild(node)) return 'both ends';
  const alternatives = alternativesOf(node);
  const start = alternatives.every((one) => one.start);
  const end = alternatives.every((one) => one.end);
  if (start && end) return 'both ends';
  return start || end ? 'one end' : 'nowhere';
}

/** Whether a regular expression is read as it is found in a text, also where it is read as it was meant. */
export function isSearched(node: Node, reading: Reading): boolean {
  return reading === 'searched' || isWild(node) || heldNode(node) === 'one end';
}

function countWays(node: Node): number {
  switch (node.kind) {
    case 'sequence':
      return node.parts.reduce((sum, part) => sum + countWays(part), 0);
    case 'choice':
      return node.options.reduce((sum, option) => sum + countWays(option), 1);
    case 'group':
      return countWays(node.inner);
    case 'repeat':
      return 1 + countWays(node.inner);
    default:
      return 0;
  }
}

/** Written anew, so that nothing of the file's text reaches another engine that might read it otherwise. */
function sourceOf(node: Node): string {
  switch (node.kind) {
    case 'text':
      return [...node.text].map((character) => code(character.codePointAt(0) ?? 0)).join('');
    case 'set':
      return setSource(node.set);
    case 'start':
      return '^';
    case 'end':
      return '$';
    case 'sequence':
      return node.parts.map(sourceOf).join('');
    case 'choice':
      return `(?:${node.options.map(sourceOf).join('|')})`;
    case 'group':
      return `(${sourceOf(node.inner)})`;
    case 'repeat': {
      const { inner, least, most, lazy } = node;
      return `(?:${sourceOf(inner)}){${least},${most === Infinity ? '' : most}}${lazy ? '?' : ''}`;
    }
  }
}

function setSource({ negated, ranges }: CharacterSet): string {
  // A range that runs backwards holds nothing in a glob, and is an error here.
  const forward = ranges.filter(([low, high]) => low <= high);
  return `[${negated ? '^' : ''}${forward.map(([low, high]) => `${code(low)}-${code(high)}`).join('')}]`;
}

function code(point: number): string {
  return `\\u{${point.toString(16)}}`;
}
