/** Named sets of users, groups, repositories, tags and times, which rules name as `set:NAME`. */

import { didYouMean } from './did-you-mean.ts';
import type { Content } from './merge.ts';
import { createNesting, type Nesting, SUGGESTED } from './nesting.ts';
import type { Path, Problem } from './problem.ts';
import { SET_KINDS, type SetKind, setNamed } from './set-name.ts';
import type { Stated } from './stated.ts';

export interface Sets {
  /** The entries of a list with those of the sets that it names, each once; a set that is not there is a problem. */
  expand(kind: SetKind, list: readonly string[], stated: Stated<unknown>, inside: Path): readonly string[];
}

export function createSets({ sets }: Content, problems: Problem[]): Sets {
  const nestings = new Map<SetKind, Nesting<string>>();
  for (const kind of SET_KINDS) {
    const definitions = sets[kind];
    const read = (text: string) => {
      const name = setNamed(text);
      if (name === undefined) return { values: [text] };
      if (definitions.has(name)) return { name };
      const near = problems.length < SUGGESTED ? didYouMean(name, definitions.keys()) : '';
      return { reason: `there is no set of ${kind} called ${JSON.stringify(name)}${near}` };
    };
    nestings.set(kind, createNesting({ definitions, read, noun: 'set' }, problems));
  }
  return {
    expand: (kind, list, stated, inside) => [
      ...new Set(nestings.get(kind)?.valuesOfList(list, stated, inside)),
    ],
  };
}
