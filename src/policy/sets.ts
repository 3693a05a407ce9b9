/** Named sets of users, groups, repositories, tags and times, which rules name as `set:NAME`. */

import { didYouMean } from './did-you-mean.ts';
import type { Content, Stated } from './merge.ts';
import { createNesting, type Nesting, SUGGESTED } from './nesting.ts';
import type { Path, Problem } from './problem.ts';

export const SET_KINDS = ['users', 'groups', 'repositories', 'tags', 'times'] as const;
export type SetKind = (typeof SET_KINDS)[number];

/**
 * No repository, tag or name of a user can hold a colon (protocol/names.ts, RFC 7617), so this is never one of them. A
 * group of a directory could; one that is called so cannot be named in a rule.
 */
const PREFIX = 'set:';

/** The name of the set that an entry of a list refers to; undefined for an entry that stands for itself. */
export function setNamed(text: string): string | undefined {
  return text.startsWith(PREFIX) ? text.slice(PREFIX.length) : undefined;
}

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
