/** What rows except. */
import type { Conditions } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import { disjoint } from './apart.ts';
import { entriesOf } from './lists.ts';
import { narrowed } from './narrow.ts';
import { factsOf, onlyFact } from './one-fact.ts';
import { type Exception, keyOfException, union } from './right.ts';

/** What is known besides, where an exception always holds but for one block of its own. */
export function onlyBlockOf({ when, unless }: Exception): readonly Conditions[] {
  return unless.length === 1 && factsOf(when).length === 0 ? unless : [];
}

/** What is left of an exception where all of `known` hold; undefined where it cannot hold then. */
export function inside(
  { rules, when: own, unless }: Exception,
  known: readonly Conditions[],
): Exception | undefined {
  const left = narrowedByAll(own, known);
  if (left === undefined) return undefined;
  const blocks: Conditions[] = [];
  for (const block of unless) {
    const still = narrowedByAll(block, [...known, own]);
    if (still === undefined) continue;
    if (factsOf(still).length === 0) return undefined;
    blocks.push(still);
  }
  return { rules, when: left, unless: blocks };
}

function narrowedByAll(conditions: Conditions, known: readonly Conditions[]): Conditions | undefined {
  return known.reduce((left: Conditions | undefined, one) => left && narrowed(left, one), conditions);
}

/** Exceptions compared with each other at most: with more, some that say nothing new stay. */
const COMPARED = 200;

/** Equal ones become one; what another one says already is left out. */
export function fewest(exceptions: readonly Exception[]): readonly Exception[] {
  const merged = new Map<string, Exception>();
  for (const one of exceptions) {
    const key = keyOfException(one);
    const before = merged.get(key);
    merged.set(key, before === undefined ? one : { ...before, rules: union(before.rules, one.rules) });
  }
  const list = [...merged.values()];
  if (list.length > COMPARED) return list;
  return list.filter(
    (inner, at) =>
      !list.some(
        (outer, other) =>
          other !== at && exceptionCovers(outer, inner) && (other < at || !exceptionCovers(inner, outer)),
      ),
  );
}

export function exceptionCovers(outer: Exception, inner: Exception): boolean {
  return (
    conditionsCover(outer.when, inner.when) &&
    outer.unless.every(
      (block) => inner.unless.some((other) => conditionsCover(other, block)) || disjoint(block, inner.when),
    )
  );
}

/** How many lists of an exception are taken apart at most to find all of it in others. */
export const SPLITS = 2;

/** True if each question that the exception holds for is met by one of the others. */
export function isExcepted(exception: Exception, others: readonly Exception[], splits: number): boolean {
  if (others.some((other) => exceptionCovers(other, exception))) return true;
  if (splits === 0) return false;
  return factsOf(exception.when).some((fact) => {
    const parts = entriesOf(onlyFact(exception.when, fact));
    return (
      parts.length > 1 &&
      parts.every((part) =>
        isExcepted({ ...exception, when: { ...exception.when, ...part } }, others, splits - 1),
      )
    );
  });
}
