/** What several events have in common: a record that stands for them must not say of one what was so of another. */
import { isDeepStrictEqual } from 'node:util';

/** A part without these is no part of a record, and is left out as a whole. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  actor: ['sub', 'kind', 'method', 'evidence'],
  build: ['evidence'],
  operator: ['name', 'evidence'],
  peer: ['ip'],
  policy: ['rules'],
  source: ['evidence'],
  subject: ['repo'],
  tag: ['name'],
  token: ['ip'],
};
/** Says how another member is known, and nothing by itself. */
const HOW_KNOWN: Readonly<Record<string, string>> = { hostBy: 'host' };

/** The members, and those of their parts, that are equal in both. */
export function commonFacts<F extends object>(one: F, other: F): F {
  const result: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(one)) {
    const theirs = (other as Record<string, unknown>)[key];
    if (isDeepStrictEqual(value, theirs)) result[key] = value;
    else if (isPart(value) && isPart(theirs)) {
      const part = commonPart(value, theirs);
      if (NEEDED[key]?.every((name) => part[name] !== undefined)) result[key] = part;
    }
  }
  return result as F;
}

type Part = Readonly<Record<string, unknown>>;

function commonPart(one: Part, other: Part): Part {
  const shared = Object.entries(one).filter(([name, value]) => isDeepStrictEqual(value, other[name]));
  const part = Object.fromEntries(shared);
  return Object.fromEntries(shared.filter(([name]) => part[HOW_KNOWN[name] ?? name] !== undefined));
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
