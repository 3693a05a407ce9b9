/** Proofs that two conditions never hold together. "False" only says that none was found. */
import type { Conditions, Tags } from '../conditions.ts';
import { exclude } from '../covers.ts';
import type { RepositoryGlob } from '../glob.ts';
import { generalised, type Part } from '../glob-parts.ts';
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
export function namedOnly({ authenticated, users, groups, methods, build, kinds }: Conditions): boolean {
  const says = users ?? groups ?? methods ?? build;
  return authenticated === true || says !== undefined || kinds?.has('anonymous') === false;
}

/** True if it holds only for who has not. */
export function anonymousOnly({ authenticated, kinds }: Conditions): boolean {
  return authenticated === false || (kinds !== undefined && [...kinds].every((kind) => kind === 'anonymous'));
}

function everyPair<T>(a: readonly T[], b: readonly T[], test: (one: T, other: T) => boolean): boolean {
  return a.every((one) => b.every((other) => test(one, other)));
}

/** True if no repository fits both, whoever asks. */
export function globsApart(a: RepositoryGlob, b: RepositoryGlob): boolean {
  return partsApart(generalised(a.parts), generalised(b.parts));
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

/** Without variables. Each pair of places is looked at once. */
function partsApart(a: readonly Part[], b: readonly Part[]): boolean {
  const known = new Map<number, boolean>();
  const meet = (left: number, right: number): boolean => {
    const key = left * (b.length + 1) + right;
    const before = known.get(key);
    if (before !== undefined) return before;
    const result = look(left, right);
    known.set(key, result);
    return result;
  };
  const look = (left: number, right: number): boolean => {
    const one = a[left];
    const other = b[right];
    if (one?.kind === 'components')
      return meet(left + 1, right) || (other !== undefined && meet(left, right + 1));
    if (other?.kind === 'components')
      return meet(left, right + 1) || (one !== undefined && meet(left + 1, right));
    if (one === undefined || other === undefined) return one === other;
    return !wildsApart(wildOf(one), wildOf(other)) && meet(left + 1, right + 1);
  };
  return !meet(0, 0);
}

function wildOf(part: Part): string {
  if (part.kind === 'literal') return part.text;
  return part.kind === 'wild' ? part.pattern : '*';
}

/** True if no text fits both, where `*` is any text. */
export function wildsApart(a: string, b: string): boolean {
  if (!a.includes('*') && !b.includes('*')) return a !== b;
  // What both begin with before their first star must agree, and so must their ends; this settles nearly all.
  const [headA, headB] = [a.split('*', 1)[0] ?? '', b.split('*', 1)[0] ?? ''];
  const head = Math.min(headA.length, headB.length);
  if (headA.slice(0, head) !== headB.slice(0, head)) return true;
  let row = new Set([0]);
  // Places in `b` that can be reached having read some text that fits `a` so far.
  const spread = (places: Set<number>): Set<number> => {
    for (const place of places) if (b[place] === '*') places.add(place + 1);
    return places;
  };
  row = spread(row);
  for (const letter of a) {
    const next = new Set<number>();
    if (letter === '*') {
      const first = Math.min(...row);
      for (let place = first; place <= b.length; place++) next.add(place);
    } else {
      for (const place of row) {
        if (b[place] === '*') next.add(place);
        else if (b[place] === letter) next.add(place + 1);
      }
    }
    row = spread(next);
    if (row.size === 0) return true;
  }
  return !row.has(b.length);
}
