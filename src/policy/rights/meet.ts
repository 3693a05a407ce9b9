/** Two conditions that must both hold, as one. */
import { contains, rangeText } from '../address.ts';
import type { Conditions, From } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import { holdsAll, rangeSet } from '../range-set.ts';
import { disjoint } from './apart.ts';
import { common, type Draft, factsOf, onlyFact, withActions } from './one-fact.ts';

/**
 * @returns false where both can never hold together; undefined where one set of conditions cannot say both, as with two
 *   lists of groups, of which one caller can be in several.
 */
export function meet(a: Conditions, b: Conditions): Conditions | false | undefined {
  if (disjoint(a, b)) return false;
  const both: Draft = { ...a };
  for (const fact of factsOf(b)) {
    const [ofA, ofB] = [onlyFact(a, fact), onlyFact(b, fact)];
    if (a[fact] === undefined || conditionsCover(ofA, ofB)) Object.assign(both, ofB);
    else if (!conditionsCover(ofB, ofA)) {
      const common = commonOf(ofA, ofB);
      if (common === undefined) return undefined;
      Object.assign(both, common);
    }
  }
  return both;
}

/** Of the facts that have one value each, and are listed. Not empty, since the two are not disjoint. */
function commonOf(a: Conditions, b: Conditions): Conditions | undefined {
  if (a.actions && b.actions) return { actions: withActions(a.actions, a.actions.mask & b.actions.mask) };
  if (a.users && b.users) return { users: common(a.users, b.users) };
  if (a.kinds && b.kinds) return { kinds: common(a.kinds, b.kinds) };
  if (a.methods && b.methods) return { methods: common(a.methods, b.methods) };
  if (a.certificates && b.certificates) return { certificates: common(a.certificates, b.certificates) };
  if (a.from && b.from) return { from: commonPlaces(a.from, b.from) };
  return undefined;
}

/** Of two ranges that meet, one is in the other; so what both have in common is ranges again. */
function commonPlaces(a: From, b: From): From {
  const others = a.entries.flatMap(({ ranges }) => ranges);
  const entries = b.entries.flatMap((entry) => {
    if (holdsAll(a.ranges, rangeSet(entry.ranges))) return [entry];
    const inBoth = entry.ranges.flatMap((range) => [
      ...(others.some((other) => contains(other, range)) ? [range] : []),
      ...others.filter((other) => contains(range, other) && !contains(other, range)),
    ]);
    return inBoth.map((range) => ({ text: rangeText(range), ranges: [range] }));
  });
  const once = [...new Map(entries.map((entry) => [entry.text, entry])).values()];
  return { entries: once, ranges: rangeSet(once.flatMap(({ ranges }) => ranges)) };
}
