/**
 * Rights as a table, worked out from the rules themselves: under which conditions something is allowed, whoever asks.
 *
 * A question that is as `given`, and of which all else is known, is granted if and only if one of the rows holds for it.
 */
import type { Conditions } from '../conditions.ts';
import type { Rule } from '../rule.ts';
import { disjoint } from './apart.ts';
import { type Given, reduce } from './given.ts';
import { reduceWho } from './given-who.ts';
import { factsOf, withoutFact } from './one-fact.ts';
import { type Exception, keyOfException, keyOfRight, type Right, union } from './right.ts';
import { sharpened } from './sharpen.ts';
import { asConditions, solveGlob } from './solve.ts';

export type { Exception, Right } from './right.ts';

/** @param rules of a policy, sorted by id. */
export function rightsOf(rules: readonly Rule[], given: Given): readonly Right[] {
  const table = createTable(rules, given);
  return merged(rules.flatMap(table.rowsOf));
}

export interface Table {
  /** What one rule allows; nothing for a deny, and for a rule that is only tried. */
  rowsOf(rule: Rule): readonly Right[];
}

/** Works out rows where they are asked for. */
export function createTable(rules: readonly Rule[], given: Given): Table {
  const denies = createDenies(rules, given);
  const known = new Map<Rule, readonly Right[]>();
  return {
    rowsOf(rule) {
      const before = known.get(rule);
      if (before !== undefined) return before;
      const rows = rule.enforce && rule.effect === 'allow' ? makeRows(rule, given, denies) : [];
      known.set(rule, rows);
      return rows;
    },
  };
}

function makeRows(rule: Rule, given: Given, denies: Denies): readonly Right[] {
  const own = rule.unless.flatMap((block) =>
    reduce(block, given).map((when): Exception => ({ rules: [], when, unless: [] })),
  );
  return reduce(rule.when, given).flatMap((reduced) => {
    const { left, only } = spelledOut(reduced, given);
    const when = { ...left, actions: left.actions ?? given.actions ?? rule.when.actions };
    const except = [...only, ...own, ...denies.meeting(when)];
    return sharpened({ rules: [rule.id], lessenedBy: [], when, bind: rule.bind, except }) ?? [];
  });
}

/**
 * Where a pattern with variables has stayed, since what it asks of the caller cannot stand beside what is asked already: it
 * becomes an exception that always holds but for those callers.
 */
function spelledOut(
  left: Conditions,
  { repository, who }: Given,
): { readonly left: Conditions; readonly only: readonly Exception[] } {
  if (left.repositories === undefined || repository === undefined || !('components' in repository))
    return { left, only: [] };
  const callers = left.repositories.map((glob) => solveGlob(glob, repository.components));
  if (callers.includes(undefined)) return { left, only: [] };
  const unless = callers.flatMap((solutions) =>
    asConditions(solutions ?? []).flatMap((one) => reduceWho(one, who) ?? []),
  );
  return { left: withoutFact(left, 'repositories'), only: [{ rules: [], when: {}, unless }] };
}

/** Rows that allow the same become one. */
export function merged(list: readonly Right[]): readonly Right[] {
  const rows = new Map<string, Right>();
  for (const row of list) {
    const key = keyOfRight(row);
    const before = rows.get(key);
    rows.set(key, before === undefined ? row : together(before, row));
  }
  return [...rows.values()];
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
