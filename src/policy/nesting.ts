/** Named lists that may hold one another: networks and sets. Circles and what cannot be read are problems with a place. */
import type { Stated } from './merge.ts';
import { type Path, type Problem, pathText } from './problem.ts';

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

/** Resolves all definitions at once, so that a problem in one that no rule uses is found too. */
export function createNesting<T>(
  { definitions, read, noun }: NestingOptions<T>,
  problems: Problem[],
): Nesting<T> {
  const resolved = new Map<string, readonly T[]>();
  const visiting: string[] = [];
  const inCircle = new Set<string>();
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
    visiting.push(name);
    const values = valuesOfList(stated.value, stated, []);
    visiting.pop();
    resolved.set(name, values);
    return values;
  }

  function valuesOfList(list: readonly string[], stated: Stated<unknown>, inside: Path): readonly T[] {
    return list.flatMap((text, index) => valuesOfEntry(text, stated, [...inside, index]));
  }

  function valuesOfEntry(text: string, stated: Stated<unknown>, path: Path): readonly T[] {
    const entry = read(text);
    if ('name' in entry) return valuesOf(entry.name);
    if ('values' in entry) return entry.values;
    problems.push(stated.problem(path, `${pathText([...stated.path, ...path])}: ${entry.reason}`));
    return [];
  }
}
