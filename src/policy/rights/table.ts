/**
 * Rights as a table, worked out from the rules themselves: under which conditions something is allowed, whoever asks.
 *
 * A question that is as `given`, and of which all else is known, is granted if and only if one of the rows holds for it.
 */
import type { Conditions } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import type { Rule } from '../policy.ts';
import { anonymousOnly, disjoint, namedOnly } from './apart.ts';
import { type Given, reduce } from './given.ts';
import { keyOf } from './key.ts';
import { meet } from './meet.ts';
import { lessened, narrowed } from './narrow.ts';
import { factsOf } from './one-fact.ts';

/** What a row does not hold for: all of `when` holds, and none of `unless`. */
export interface Exception {
  /** Ids of the denies; none for what the allow rule itself excepts. */
  readonly rules: readonly string[];
  readonly when: Conditions;
  readonly unless: readonly Conditions[];
}

/** One row. What the question gives is not repeated in it, but for the actions. */
export interface Right {
  /** Ids of the allow rules, sorted. */
  readonly rules: readonly string[];
  /** Ids of the denies that took something away which `when` no longer says. */
  readonly lessenedBy: readonly string[];
  readonly when: Conditions & { readonly actions: NonNullable<Conditions['actions']> };
  /** The token must be used from the address that fetched it. */
  readonly bind: boolean;
  readonly except: readonly Exception[];
}

/** @param rules of a policy, sorted by id. */
export function rightsOf(rules: readonly Rule[], given: Given): readonly Right[] {
  const denies = createDenies(rules, given);
  const rows = new Map<string, Right>();
  for (const rule of rules) {
    if (!rule.enforce || rule.effect !== 'allow') continue;
    const own = rule.unless.flatMap((block) =>
      reduce(block, given).map((when): Exception => ({ rules: [], when, unless: [] })),
    );
    for (const left of reduce(rule.when, given)) {
      const actions = left.actions ?? given.actions ?? rule.when.actions;
      const when = { ...left, actions };
      const except = [...own, ...denies.meeting(when)];
      const row = sharpened({ rules: [rule.id], lessenedBy: [], when, bind: rule.bind, except });
      if (row === undefined) continue;
      const key = keyOfRight(row);
      const before = rows.get(key);
      rows.set(key, before === undefined ? row : together(before, row));
    }
  }
  return [...rows.values()];
}

/** Equal for rows that allow the same, whichever rules make them. */
export function keyOfRight({ when, bind, except }: Omit<Right, 'rules' | 'lessenedBy'>): string {
  return [keyOf(when), bind ? 'bind' : '', ...except.map(keyOfException).sort()].join('\n');
}

function keyOfException({ when, unless }: Exception): string {
  return [keyOf(when), ...unless.map(keyOf).sort()].join(' | ');
}

function together(a: Right, b: Right): Right {
  return {
    ...a,
    rules: union(a.rules, b.rules),
    lessenedBy: union(a.lessenedBy, b.lessenedBy),
    except: a.except.map((one) => {
      const like = b.except.find((other) => keyOfException(other) === keyOfException(one));
      return { ...one, rules: union(one.rules, like?.rules ?? []) };
    }),
  };
}

function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

interface Denies {
  /** Those that may take something away where `when` holds. */
  meeting(when: Conditions): readonly Exception[];
}

/** Under the first component of their patterns, since most rules are about names that begin differently. */
function createDenies(rules: readonly Rule[], given: Given): Denies {
  const byFirst = new Map<string, Exception[]>();
  const anywhere: Exception[] = [];
  const all: Exception[] = [];
  for (const rule of rules) {
    if (!rule.enforce || rule.effect !== 'deny') continue;
    const unless = rule.unless.flatMap((block) => reduce(block, given));
    if (unless.some((block) => factsOf(block).length === 0)) continue;
    for (const when of reduce(rule.when, given)) {
      const exception = { rules: [rule.id], when, unless };
      all.push(exception);
      const firsts = firstsOf(when);
      if (firsts === undefined) anywhere.push(exception);
      for (const first of firsts ?? []) {
        const list = byFirst.get(first);
        if (list === undefined) byFirst.set(first, [exception]);
        else list.push(exception);
      }
    }
  }
  return {
    meeting(when) {
      const firsts = firstsOf(when);
      const found = firsts === undefined ? all : [...firsts].flatMap((first) => byFirst.get(first) ?? []);
      const candidates = firsts === undefined ? found : [...anywhere, ...new Set(found)];
      return candidates.filter((exception) => !disjoint(exception.when, when));
    },
  };
}

/** The literal components with which names begin; undefined where some can begin with anything. */
function firstsOf({ repositories }: Conditions): ReadonlySet<string> | undefined {
  if (repositories === undefined) return undefined;
  const firsts = new Set<string>();
  for (const { parts } of repositories) {
    const [first] = parts;
    if (first?.kind !== 'literal') return undefined;
    firsts.add(first.text);
  }
  return firsts;
}

/**
 * The row with as few exceptions as can be: what can never be met is left out, and what its own conditions can say is said
 * there.
 *
 * @returns undefined where nothing is left of it.
 */
function sharpened(row: Right): Right | undefined {
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
      return met === undefined || inner.except.some((other) => exceptionCovers(other, met));
    })
  );
}
