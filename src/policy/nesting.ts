/** Named lists that may hold one another: networks and sets. Circles and what cannot be read are problems with a place. */

import { type Path, type Problem, pathText } from './problem.ts';
import type { Stated } from './stated.ts';

/** What an entry of a list is: the name of another list, values, or a mistake. */
export type Entry<T> =
  | { readonly name: string }
  | { readonly values: readonly T[] }
  | { readonly reason: string };

export interface Nesting<T> {
  /** The values of a named list; none for a name that is not there or had a problem. */
  valuesOf(name: string): readonly T[];
  /** The values of a list inside `stated`; what cannot be read is a problem there. */
  valuesOfList(list: readonly string[], stated: Stated<unknown>, inside: Path): readonly T[];
  valuesOfEntry(text: string, stated: Stated<unknown>, path: Path): readonly T[];
}

export interface NestingOptions<T> {
  readonly definitions: ReadonlyMap<string, Stated<readonly string[]>>;
  readonly read: (text: string) => Entry<T>;
  /** `network`, `set`. */
  readonly noun: string;
}

/** Lists inside lists. Deeper ones nobody can follow. */
const DEPTH_LIMIT = 50;
/** Entries of all lists of one kind, written out wherever they are named: lists that name each other make many of few. */
const ENTRY_LIMIT = 2_000_000;

/** Problems up to which a name that is not there is compared with all that are: one that is renamed may be missed by thousands of rules. */
export const SUGGESTED = 10;

/** Resolves all definitions at once, so that a problem in one that no rule uses is found too. */
export function createNesting<T>(
  { definitions, read, noun }: NestingOptions<T>,
  problems: Problem[],
): Nesting<T> {
  const resolved = new Map<string, readonly T[]>();
  const visiting: string[] = [];
  const inCircle = new Set<string>();
  let written = 0;
  let tooMuch = false;
  for (const name of definitions.keys()) valuesOf(name);
  return { valuesOf, valuesOfList, valuesOfEntry };

  function valuesOf(name: string): readonly T[] {
    const done = resolved.get(name);
    if (done) return done;
    const stated = definitions.get(name);
    if (!stated) return [];
    const start = visiting.indexOf(name);
    if (start >= 0) {
      const circle = visiting.slice(start);
      if (!circle.some((member) => inCircle.has(member))) {
        const text = [...circle, name].join(' -> ');
        problems.push(stated.problem([], `${pathText(stated.path)}: the ${noun} contains itself: ${text}`));
      }
      for (const member of circle) inCircle.add(member);
      return [];
    }
    if (visiting.length === DEPTH_LIMIT) {
      refuse(stated, `more than ${DEPTH_LIMIT} ${noun}s inside one another`);
      return [];
    }
    visiting.push(name);
    const values = valuesOfList(stated.value, stated, []);
    visiting.pop();
    resolved.set(name, values);
    return values;
  }

  function valuesOfList(list: readonly string[], stated: Stated<unknown>, inside: Path): readonly T[] {
    if (tooMuch) return [];
    // Each once: what is named in two ways is the same value.
    const values = new Set<T>();
    for (const [index, text] of list.entries())
      for (const value of valuesOfEntry(text, stated, [...inside, index])) values.add(value);
    written += values.size;
    if (written > ENTRY_LIMIT)
      refuse(
        stated,
        `with this the ${noun}s, written out wherever they are named, have more than ${ENTRY_LIMIT} entries`,
      );
    return [...values];
  }

  /** Once: all that follows from it is left alone. */
  function refuse(stated: Stated<unknown>, reason: string): void {
    if (!tooMuch) problems.push(stated.problem([], `${pathText(stated.path)}: ${reason}`));
    tooMuch = true;
  }

  function valuesOfEntry(text: string, stated: Stated<unknown>, path: Path): readonly T[] {
    if (tooMuch) return [];
    const entry = read(text);
    if ('name' in entry) return valuesOf(entry.name);
    if ('values' in entry) return entry.values;
    problems.push(stated.problem(path, `${pathText([...stated.path, ...path])}: ${entry.reason}`));
    return [];
  }
}
