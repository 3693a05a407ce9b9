/** What two policies allow differently, worked out from their rules. */

import type { Policy } from '../policy.ts';
import { createRepositoryTree } from '../repository-tree.ts';
import type { Rule } from '../rule.ts';
import { disjoint } from './apart.ts';
import { keyOf } from './key.ts';
import { alikeJoined } from './lists.ts';
import { missingOf } from './missing.ts';
import type { Right } from './right.ts';
import { createTable, merged, type Table } from './table.ts';

export interface RightsDiff {
  /** What the old policy allows and the new one does not. */
  readonly removed: readonly Right[];
  /** What the new policy allows and the old one does not. */
  readonly added: readonly Right[];
}

/**
 * Misses nothing: each question that one policy grants and the other does not is met by a row of `removed` or `added`. A row
 * may hold for a few more, where conditions cannot say the difference exactly; `findWitness` shows one that it is about.
 *
 * Names, messages, places and the order of rules, and rules that are only tried, make no difference.
 */
export function diffRights(before: Policy, after: Policy): RightsDiff {
  const old = sideOf(before);
  const fresh = sideOf(after);
  const changedDenies = [
    ...old.denies.filter(([key]) => !fresh.keys.has(key)),
    ...fresh.denies.filter(([key]) => !old.keys.has(key)),
  ].map(([, rule]) => rule);
  return {
    removed: missingRows(old, fresh, changedDenies),
    added: missingRows(fresh, old, changedDenies),
  };
}

/** A policy with its rows, made where they are asked for. */
interface Side {
  readonly allows: readonly (readonly [key: string, rule: Rule])[];
  readonly denies: readonly (readonly [key: string, rule: Rule])[];
  /** Of both. */
  readonly keys: ReadonlySet<string>;
  readonly table: Table;
  /** Allow rules that may say all that a rule with this pattern says. */
  candidates(rule: Rule): readonly Rule[];
}

function sideOf({ rules }: Policy): Side {
  const counting = rules.filter(({ enforce }) => enforce);
  const keyed = counting.map((rule) => [keyOfRule(rule), rule] as const);
  const tree = createRepositoryTree();
  for (const [place, { when, effect }] of counting.entries())
    if (effect === 'allow') for (const { anchors } of when.repositories) tree.add(anchors, place);
  return {
    allows: keyed.filter(([, { effect }]) => effect === 'allow'),
    denies: keyed.filter(([, { effect }]) => effect === 'deny'),
    keys: new Set(keyed.map(([key]) => key)),
    table: createTable(rules, {}),
    candidates({ when }) {
      const places = new Set<number>();
      for (const { anchors } of when.repositories) {
        const lists: (readonly number[])[] = [];
        const { prefix, last } = anchors;
        tree.collect(last === undefined ? prefix : [...prefix, last], lists);
        for (const place of lists.flat()) places.add(place);
      }
      return [...places].flatMap((place) => counting[place] ?? []);
    },
  };
}

function missingRows(one: Side, other: Side, changedDenies: readonly Rule[]): readonly Right[] {
  const rows = one.allows.flatMap(([key, rule]) => {
    // The same rule with the same denies about it allows the same.
    const same = other.keys.has(key) && changedDenies.every((deny) => disjoint(deny.when, rule.when));
    if (same) return [];
    const candidates = other.candidates(rule).filter(({ when }) => !disjoint(when, rule.when));
    const others = candidates.flatMap((candidate) => other.table.rowsOf(candidate));
    return one.table.rowsOf(rule).flatMap((row) => missingOf(row, others));
  });
  return alikeJoined(merged(rows));
}

/** Equal for rules that say the same, whatever they are called. */
function keyOfRule({ effect, when, unless, bind }: Rule): string {
  return JSON.stringify([effect, bind, keyOf(when), unless.map(keyOf).sort()]);
}
