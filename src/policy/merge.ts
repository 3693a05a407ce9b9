/** Puts the files of a policy together. A name that stands in two places is a problem that names both. */

import type { Path, Place, Problem } from './problem.ts';
import type { HostContent, PolicyDocument, RuleContent } from './schema.ts';
import { SET_KINDS, type SetKind } from './set-name.ts';
import type { Stated } from './stated.ts';

/** One checked file, with the way from a path to its place in the text. */
export interface PolicySource {
  readonly file: string;
  readonly document: PolicyDocument;
  readonly positionOf: (path: Path, part?: 'key' | 'value') => Place;
}

/** All that the files say. The maps and the list keep the order of files and lines, for problems only. */
export interface Content {
  readonly hosts: ReadonlyMap<string, Stated<HostContent>>;
  readonly networks: ReadonlyMap<string, Stated<readonly string[]>>;
  /** Each kind has names of its own. */
  readonly sets: Readonly<Record<SetKind, ReadonlyMap<string, Stated<readonly string[]>>>>;
  readonly rules: readonly Stated<RuleContent>[];
}

export function mergeSources(sources: readonly PolicySource[], problems: Problem[]): Content {
  const hosts = new Map<string, Stated<HostContent>>();
  const networks = new Map<string, Stated<readonly string[]>>();
  const sets = {
    users: new Map<string, Stated<readonly string[]>>(),
    groups: new Map<string, Stated<readonly string[]>>(),
    repositories: new Map<string, Stated<readonly string[]>>(),
    tags: new Map<string, Stated<readonly string[]>>(),
    times: new Map<string, Stated<readonly string[]>>(),
  };
  const rules = new Map<string, Stated<RuleContent>>();
  // Hosts and networks are named in the same lists, so they share their names.
  const named = new Map<string, Stated<unknown>>();
  for (const source of sources) {
    for (const [name, value] of Object.entries(source.document.hosts ?? {})) {
      const stated = state(source, ['hosts', name], value);
      if (isFirst(named, name, stated, problems)) hosts.set(name, stated);
    }
    for (const [name, value] of Object.entries(source.document.networks ?? {})) {
      const stated = state(source, ['networks', name], value);
      if (isFirst(named, name, stated, problems)) networks.set(name, stated);
    }
    for (const kind of SET_KINDS) {
      for (const [name, value] of Object.entries(source.document.sets?.[kind] ?? {})) {
        const stated = state(source, ['sets', kind, name], value);
        if (isFirst(sets[kind], name, stated, problems)) sets[kind].set(name, stated);
      }
    }
    for (const [index, value] of (source.document.rules ?? []).entries()) {
      const stated = state(source, ['rules', index], value);
      if (isFirst(rules, value.id, stated, problems, ['id'])) rules.set(value.id, stated);
    }
  }
  return { hosts, networks, sets, rules: [...rules.values()] };
}

function state<T>({ file, positionOf }: PolicySource, path: Path, value: T): Stated<T> {
  return {
    value,
    path,
    // Worked out where it is told: a key is found by going through all beside it.
    get place() {
      return { file, ...positionOf(path, 'key') };
    },
    problem: (inside, message) => ({
      file,
      ...positionOf([...path, ...inside], inside.length === 0 ? 'key' : 'value'),
      message,
    }),
  };
}

function isFirst(
  known: Map<string, Stated<unknown>>,
  name: string,
  stated: Stated<unknown>,
  problems: Problem[],
  inside: Path = [],
): boolean {
  const first = known.get(name);
  if (first === undefined) {
    known.set(name, stated);
    return true;
  }
  const { file, line, column } = first.place;
  const kind =
    { hosts: 'host', networks: 'network', sets: 'set', rules: 'rule' }[String(first.path[0])] ?? 'entry';
  problems.push(
    stated.problem(
      inside,
      `${JSON.stringify(name)} is already the name of a ${kind} at ${file}:${line}:${column}`,
    ),
  );
  return false;
}
