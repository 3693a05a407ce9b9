/** Rules that change nothing, since others say the same or more. */
import { ruleCovers } from './covers.ts';
import { createRepositoryTree } from './repository-tree.ts';
import type { Rule } from './rule.ts';

/** Pairs of patterns compared for one policy at most: what is found is true, and a policy of thousands of like rules loads in time. */
const PAIR_LIMIT = 500_000;

/**
 * @param rules in the order of their ids.
 * @returns for each id a sentence; only rules that count (`enforce`) are named or name others.
 */
export function findCovered(rules: readonly Rule[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const counting = rules.filter(({ enforce }) => enforce);
  const tree = createRepositoryTree();
  for (const [place, { when }] of counting.entries())
    for (const { anchors } of when.repositories) tree.add(anchors, place);
  let left = PAIR_LIMIT;
  for (const [place, rule] of counting.entries()) {
    const [first] = rule.when.repositories;
    if (first === undefined) continue;
    // Whatever covers this pattern begins with no more, and ends in the same or in anything.
    const { prefix, last } = first.anchors;
    const lists: (readonly number[])[] = [];
    tree.collect(last === undefined ? prefix : [...prefix, last], lists);
    for (const other of lists.flat()) {
      const outer = counting[other];
      if (outer === undefined || other === place) continue;
      left -= pairsOf(outer, rule);
      if (left < 0) return found;
      const sentence = relation(outer, rule, other < place);
      if (sentence === undefined) continue;
      found.set(rule.id, sentence);
      break;
    }
  }
  return found;
}

/** How many patterns are compared where two rules are, at most; no rule is compared for nothing. */
function pairsOf(outer: Rule, inner: Rule): number {
  const blocks = Math.max(1, outer.unless.length * inner.unless.length);
  return blocks * lengthOf(outer) * lengthOf(inner);
}

function lengthOf({ when, unless }: Rule): number {
  const lists = [when, ...unless].flatMap(({ repositories, tags, time }) => [
    repositories,
    tags?.globs,
    time,
  ]);
  return lists.reduce((longest, list) => Math.max(longest, list?.length ?? 0), 1);
}

/** @param before settles which of two equal rules is told of. */
function relation(outer: Rule, inner: Rule, before: boolean): string | undefined {
  if (outer.effect === 'allow' && inner.effect === 'deny') return undefined;
  if (!ruleCovers(outer, inner)) return undefined;
  if (outer.effect !== inner.effect) return `never applies: the rule ${outer.id} denies all of it`;
  if (ruleCovers(inner, outer) && !before) return undefined;
  const verb = inner.effect === 'allow' ? 'allows' : 'denies';
  return `changes nothing: the rule ${outer.id} ${verb} all of it already`;
}
