/** Two conditions that must both hold, as one. */
import { contains } from '../address.ts';
import { matchesName } from '../certificate-name.ts';
import type { Conditions, From } from '../conditions.ts';
import { conditionsCover } from '../covers.ts';
import { type Place, placeSet, placesCover, placeText } from '../place-set.ts';
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
  const from = a.from && b.from && commonPlaces(a.from, b.from);
  if (from) return { from };
  return undefined;
}

/**
 * Of two ranges that meet, one is in the other; so what both have in common is ranges again.
 *
 * @returns undefined where certificates of two names would be asked for, which one place cannot say.
 */
function commonPlaces(a: From, b: From): From | undefined {
  const others = a.entries.flatMap(({ ranges }) => ranges);
  let twofold = false;
  const entries = b.entries.flatMap((entry) => {
    if (placesCover(a.places, placeSet(entry.ranges))) return [entry];
    const inBoth = entry.ranges.flatMap((range) => others.map((other) => commonPlace(range, other)));
    if (inBoth.includes('both')) twofold = true;
    return inBoth
      .filter((place) => typeof place === 'object')
      .map((place) => ({ text: placeText(place), ranges: [place] }));
  });
  if (twofold) return undefined;
  const once = [...new Map(entries.map((entry) => [entry.text, entry])).values()];
  return { entries: once, places: placeSet(once.flatMap(({ ranges }) => ranges)) };
}

/** Undefined where they do not meet; `both` where each asks for a certificate of its own. */
function commonPlace(a: Place, b: Place): Place | 'both' | undefined {
  const narrow = contains(a, b) ? b : contains(b, a) ? a : undefined;
  if (narrow === undefined) return undefined;
  const { certificate: ofA } = a;
  const { certificate: ofB } = b;
  if (ofA === ofB) return narrow;
  if (ofA !== undefined && ofB !== undefined) {
    if (matchesName(ofA, ofB)) return { ...narrow, certificate: ofB };
    return matchesName(ofB, ofA) ? { ...narrow, certificate: ofA } : 'both';
  }
  const certificate = ofA ?? ofB;
  return certificate === undefined ? narrow : { ...narrow, certificate };
}
