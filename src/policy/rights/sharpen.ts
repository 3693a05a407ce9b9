/** Rows without what goes without saying. */
import type { Conditions } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import { anonymousOnly, disjoint, namedOnly } from './apart.ts';
import { keyOf } from './key.ts';
import { entriesOf } from './lists.ts';
import { meet } from './meet.ts';
import { lessened, narrowed } from './narrow.ts';
import { factsOf, onlyFact } from './one-fact.ts';
import { type Exception, keyOfException, type Right, union } from './right.ts';

/**
 * The row with as few exceptions as can be: what can never be met is left out, and what its own conditions can say is said
 * there.
 *
 * @returns undefined where nothing is left of it.
 */
export function sharpened(row: Right): Right | undefined {
  let when: Conditions = row.when;
  let pending = row.except;
  const lessenedBy = new Set<string>();
  if (namedOnly(when) && anonymousOnly(when)) return undefined;
  // Each round but the last makes `when` narrower.
  for (let again = true; again; ) {
    again = false;
    const kept: Exception[] = [];
    for (const one of pending) {
      const exception = inside(one, when);
      if (exception === undefined) continue;
      const [onlyBlock, ...moreBlocks] = exception.unless;
      const facts = factsOf(exception.when).length;
      if (facts === 0 && onlyBlock === undefined) return undefined;
      if (facts === 0 && onlyBlock !== undefined && moreBlocks.length === 0) {
        const both = meet(when, onlyBlock);
        if (both === false) return undefined;
        if (both !== undefined) {
          when = both;
          again = true;
          for (const id of exception.rules) lessenedBy.add(id);
          continue;
        }
      }
      if (facts === 1 && onlyBlock === undefined) {
        const less = lessened(when, exception.when);
        if (less === undefined) return undefined;
        if (keyOf(less) !== keyOf(when)) {
          when = less;
          again = true;
          for (const id of exception.rules) lessenedBy.add(id);
        }
      }
      kept.push(exception);
    }
    pending = kept;
  }
  if (namedOnly(when) && anonymousOnly(when)) return undefined;
  const except = fewest(pending);
  const shown = new Set(except.flatMap(({ rules }) => rules));
  return {
    ...row,
    when: { ...when, actions: when.actions ?? row.when.actions },
    lessenedBy: [...lessenedBy].filter((id) => !shown.has(id)).sort(),
    except,
  };
}

/** What is left of an exception where `when` holds; undefined where it cannot hold then. */
function inside({ rules, when: own, unless }: Exception, when: Conditions): Exception | undefined {
  const left = narrowed(own, when);
  if (left === undefined) return undefined;
  const blocks: Conditions[] = [];
  for (const block of unless) {
    const open = narrowed(block, when);
    const still = open && narrowed(open, own);
    if (still === undefined) continue;
    if (factsOf(still).length === 0) return undefined;
    blocks.push(still);
  }
  return { rules, when: left, unless: blocks };
}

/** Exceptions compared with each other at most: with more, some that say nothing new stay. */
const COMPARED = 200;

/** Equal ones become one; what another one says already is left out. */
function fewest(exceptions: readonly Exception[]): readonly Exception[] {
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

function exceptionCovers(outer: Exception, inner: Exception): boolean {
  return (
    conditionsCover(outer.when, inner.when) &&
    outer.unless.every(
      (block) => inner.unless.some((other) => conditionsCover(other, block)) || disjoint(block, inner.when),
    )
  );
}

/** True if the row holds for every question for which the other one does. */
export function rightCovers(outer: Right, inner: Right): boolean {
  return (
    conditionsCover(outer.when, inner.when) &&
    (!outer.bind || inner.bind) &&
    outer.except.every((exception) => {
      const met = inside(exception, inner.when);
      return met === undefined || isExcepted(met, inner.except, SPLITS);
    })
  );
}

/** How many lists of an exception are taken apart at most to find all of it in others. */
const SPLITS = 2;

/** True if each question that the exception holds for is met by one of the others. */
function isExcepted(exception: Exception, others: readonly Exception[], splits: number): boolean {
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
