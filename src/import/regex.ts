/**
 * Reads the part of RE2's syntax that rules of registries are written in: text, sets, groups, choices, repeats, ^ and $.
 * A group may be optional but not repeated, so that trying an expression on a name is always quick.
 */
import type { CharacterSet, Node } from './pattern-node.ts';

const ANY: CharacterSet = { negated: true, ranges: [[10, 10]] };
const range = (from: string, to = from): [number, number] => [
  from.codePointAt(0) ?? 0,
  to.codePointAt(0) ?? 0,
];
const DIGITS = [range('0', '9')];
const WORD = [range('0', '9'), range('A', 'Z'), range('_'), range('a', 'z')];
const SPACE = [range('\t', '\n'), range('\f', '\r'), range(' ')];
/** RE2's \s is without the vertical tab. */
const CLASSES: Readonly<Record<string, CharacterSet>> = {
  d: { negated: false, ranges: DIGITS },
  D: { negated: true, ranges: DIGITS },
  w: { negated: false, ranges: WORD },
  W: { negated: true, ranges: WORD },
  s: { negated: false, ranges: SPACE },
  S: { negated: true, ranges: SPACE },
};
/** RE2 allows no more either. */
const REPEAT_LIMIT = 1000;

class Unread extends Error {}

/** @param text without the slashes around it. @returns a sentence where it is not understood. */
export function parseRegex(text: string): Node | string {
  try {
    return createReader(text).whole();
  } catch (error) {
    if (error instanceof Unread) return error.message;
    throw error;
  }
}

function createReader(text: string): { whole(): Node } {
  const characters = [...text];
  let at = 0;
  const fail = (message: string): never => {
    throw new Unread(message);
  };

  function choice(): Node {
    const options = [sequence()];
    while (characters[at] === '|') {
      at++;
      options.push(sequence());
    }
    const [only] = options;
    return options.length === 1 && only ? only : { kind: 'choice', options };
  }

  function sequence(): Node {
    const parts: Node[] = [];
    while (at < characters.length && characters[at] !== '|' && characters[at] !== ')')
      parts.push(repeated(atom()));
    return { kind: 'sequence', parts };
  }

  function repeated(inner: Node): Node {
    const bounds = quantifier();
    if (bounds === undefined) return inner;
    const lazy = characters[at] === '?';
    if (lazy) at++;
    if (quantifier() !== undefined) fail('it repeats a repeat');
    const [least, most] = bounds;
    if (inner.kind !== 'text' && inner.kind !== 'set' && !(least === 0 && most === 1))
      fail('it repeats more than one character');
    if (inner.kind === 'start' || inner.kind === 'end') fail('it repeats ^ or $');
    return { kind: 'repeat', inner, least, most, lazy };
  }

  function quantifier(): readonly [number, number] | undefined {
    switch (characters[at]) {
      case '*':
        at++;
        return [0, Infinity];
      case '+':
        at++;
        return [1, Infinity];
      case '?':
        at++;
        return [0, 1];
      case '{': {
        // A brace that opens no count is a brace.
        const [all, least, comma, most] = /^\{(\d+)(,?)(\d*)\}/.exec(characters.slice(at).join('')) ?? [];
        if (all === undefined || (comma === '' && most !== '')) return undefined;
        at += all.length;
        const low = Number(least);
        const high = comma === '' ? low : most === '' ? Infinity : Number(most);
        if (low > REPEAT_LIMIT || (high !== Infinity && high > REPEAT_LIMIT) || high < low)
          fail('docker_auth does not start with this count of repeats');
        return [low, high];
      }
      default:
        return undefined;
    }
  }

  function atom(): Node {
    const character = characters[at++] ?? '';
    switch (character) {
      case '^':
        return { kind: 'start' };
      case '$':
        return { kind: 'end' };
      case '.':
        return { kind: 'set', set: ANY };
      case '[':
        return { kind: 'set', set: brackets() };
      case '(':
        return group();
      case '\\':
        return escaped();
      case '*':
      case '+':
      case '?':
        return fail('it repeats nothing');
      default:
        return { kind: 'text', text: character };
    }
  }

  function group(): Node {
    let captures = true;
    if (characters[at] === '?') {
      if (characters[at + 1] !== ':') fail('it uses (?…), of which only (?:…) is understood');
      at += 2;
      captures = false;
    }
    const inner = choice();
    if (characters[at++] !== ')') fail('a bracket is not closed');
    return captures ? { kind: 'group', inner } : inner;
  }

  function escaped(): Node {
    const character = characters[at++];
    const set = character === undefined ? undefined : CLASSES[character];
    if (set !== undefined) return { kind: 'set', set };
    return { kind: 'text', text: punctuation(character) };
  }

  function punctuation(character: string | undefined): string {
    if (character === undefined || /[A-Za-z0-9]/.test(character) || character.charCodeAt(0) > 126)
      return fail(`it uses \\${character ?? ''}`);
    return character;
  }

  function brackets(): CharacterSet {
    const negated = characters[at] === '^';
    if (negated) at++;
    const ranges: (readonly [number, number])[] = [];
    for (let first = true; first || characters[at] !== ']'; first = false) {
      if (at >= characters.length) fail('a bracket is not closed');
      if (characters[at] === '[' && characters[at + 1] === ':') fail('it uses [:…:]');
      const escapedSet = characters[at] === '\\' ? CLASSES[characters[at + 1] ?? ''] : undefined;
      if (escapedSet !== undefined) {
        if (escapedSet.negated) fail('it uses a negated set in brackets');
        ranges.push(...escapedSet.ranges);
        at += 2;
        continue;
      }
      const low = member();
      const ranged = characters[at] === '-' && characters[at + 1] !== ']' && characters[at + 1] !== undefined;
      if (ranged) at++;
      const high = ranged ? member() : low;
      if (high < low) fail('a range in brackets runs backwards');
      ranges.push([low, high]);
    }
    at++;
    return { negated, ranges };
  }

  function member(): number {
    const character = characters[at++];
    const meant = character === '\\' ? punctuation(characters[at++]) : (character ?? '');
    return meant.codePointAt(0) ?? fail('a bracket is not closed');
  }

  return {
    whole() {
      const node = choice();
      return at < characters.length ? fail('a bracket is closed that was not opened') : node;
    },
  };
}
