/** Proofs that two conditions never hold together. "False" only says that none was found. */
import type { Conditions, Tags } from '../conditions.ts';
import { exclude } from '../covers.ts';
import { globsApart, partsApart, wildsApart } from '../patterns-apart.ts';
import type { TimeWindow } from '../time-window.ts';

/** True if no question makes both hold. */
export function disjoint(a: Conditions, b: Conditions): boolean {
  return (
    exclude(a, b) ||
    (namedOnly(a) && anonymousOnly(b)) ||
    (namedOnly(b) && anonymousOnly(a)) ||
    (a.build !== undefined && b.kinds?.has('build') === false) ||
    (b.build !== undefined && a.kinds?.has('build') === false) ||
    (a.repositories !== undefined &&
      b.repositories !== undefined &&
      everyPair(a.repositories, b.repositories, globsApart)) ||
    (a.tags !== undefined && b.tags !== undefined && tagsApart(a.tags, b.tags)) ||
    (a.time !== undefined && b.time !== undefined && everyPair(a.time, b.time, windowsApart)) ||
    buildsApart(a, b)
  );
}

/** True if it holds only for who has logged in. */
export function namedOnly({
  authenticated,
  approved,
  users,
  groups,
  methods,
  build,
  kinds,
}: Conditions): boolean {
  const says = users ?? groups ?? methods ?? build;
  return (
    authenticated === true || approved === true || says !== undefined || kinds?.has('anonymous') === false
  );
}

/** True if it holds only for who has not. */
export function anonymousOnly({ authenticated, kinds }: Conditions): boolean {
  return authenticated === false || (kinds !== undefined && [...kinds].every((kind) => kind === 'anonymous'));
}

function everyPair<T>(a: readonly T[], b: readonly T[], test: (one: T, other: T) => boolean): boolean {
  return a.every((one) => b.every((other) => test(one, other)));
}

function tagsApart(a: Tags, b: Tags): boolean {
  return (
    !(a.untagged && b.untagged) &&
    everyPair(a.globs, b.globs, (one, other) => wildsApart(one.text, other.text))
  );
}

function windowsApart(a: TimeWindow, b: TimeWindow): boolean {
  return a.kind === 'once' && b.kind === 'once' && (a.to <= b.from || b.to <= a.from);
}

function buildsApart(a: Conditions, b: Conditions): boolean {
  if (a.build === undefined || b.build === undefined) return false;
  return [...a.build].some(([claim, globs]) => {
    const others = b.build?.get(claim);
    return (
      others !== undefined && everyPair(globs, others, (one, other) => partsApart(one.parts, other.parts))
    );
  });
}
