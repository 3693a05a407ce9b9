/** Two conditions that must both hold, as one. */
import type { Conditions } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
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
  return undefined;
}
