/**
 * Finds the few rules that may hold for a question, so that a decision costs about the same with ten rules and with ten
 * thousand.
 *
 * Each rule stands under the one of its conditions that tells most: its repositories, its users or groups, or its
 * addresses. Where many stand under one key, they are told apart by another condition in the same way. A rule that is not
 * found surely does not hold; one that is found is still weighed as a whole.
 */
import { addressNumber, type Range } from './address.ts';
import { type AddressMap, createAddressMap } from './address-map.ts';
import { UNKNOWN } from './facts.ts';
import type { Anchors } from './glob.ts';
import { createRepositoryTree, type RepositoryTree } from './repository-tree.ts';
import type { Rule } from './rule.ts';
import type { Seen } from './seen.ts';

export interface RuleIndex {
  /** Lists of places in the rules given, each of which ascends; a rule may stand in several. */
  readonly candidates: (seen: Seen) => readonly (readonly number[])[];
}

/** Ranges of one rule that are worth an entry each; a rule with more is found by something else. */
const RANGE_LIMIT = 64;
/** Where a token is fetched the address is unknown, and all that stands under addresses must be weighed. */
const ADDRESS_PENALTY = 4;
/** Rules under one key that are worth being told apart once more. */
const CROWD = 16;

/** What a rule could be found by. */
interface Keys {
  readonly repositories: readonly Anchors[];
  readonly users: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly ranges: readonly Range[] | undefined;
}

type Kind = keyof Keys;
const KINDS: readonly Kind[] = ['repositories', 'users', 'groups', 'ranges'];

/** Rules by some kinds of keys. */
interface Level {
  readonly tree: RepositoryTree;
  readonly users: Map<string, number[]>;
  readonly groups: Map<string, number[]>;
  readonly addresses: AddressMap;
  /** Those that no kind tells apart. */
  readonly rest: number[];
  /** For a crowded list of this level the same rules by the other kinds. */
  readonly below: Map<readonly number[], Level>;
}

export function indexRules(rules: readonly Rule[]): RuleIndex {
  const keys = rules.map(keysOf);
  const level = createLevel(
    rules.map((_, place) => place),
    keys,
    KINDS,
  );
  return {
    candidates(seen) {
      const lists: (readonly number[])[] = [];
      collect(level, seen, lists);
      return lists;
    },
  };
}

function createLevel(places: readonly number[], keys: readonly Keys[], kinds: readonly Kind[]): Level {
  const level: Level = {
    tree: createRepositoryTree(),
    users: new Map(),
    groups: new Map(),
    addresses: createAddressMap(),
    rest: [],
    below: new Map(),
  };
  const crowds = countAll(places, keys, kinds);
  for (const place of places) {
    const own = keys[place];
    if (own === undefined) continue;
    switch (mostTelling(own, crowds, kinds, places.length)) {
      case 'repositories':
        for (const anchors of own.repositories) level.tree.add(anchors, place);
        break;
      case 'users':
        for (const name of own.users ?? []) put(level.users, name, place);
        break;
      case 'groups':
        for (const name of own.groups ?? []) put(level.groups, name, place);
        break;
      case 'ranges':
        for (const range of own.ranges ?? []) level.addresses.add(range, place);
        break;
      case undefined:
        level.rest.push(place);
    }
  }
  const divide = (kind: Kind, lists: Iterable<readonly number[]>): void => {
    const others = kinds.filter((other) => other !== kind);
    for (const list of lists) {
      if (list.length <= CROWD || others.length === 0) continue;
      const below = createLevel(list, keys, others);
      if (below.rest.length < list.length) level.below.set(list, below);
    }
  };
  divide('repositories', level.tree.lists());
  divide('users', level.users.values());
  divide('groups', level.groups.values());
  divide('ranges', level.addresses.lists());
  return level;
}

function collect(level: Level, seen: Seen, into: (readonly number[])[]): void {
  const { components, subject, address } = seen;
  const found: (readonly number[])[] = level.below.size === 0 ? into : [];
  if (level.rest.length > 0) found.push(level.rest);
  if (components === UNKNOWN) found.push(level.tree.all);
  else level.tree.collect(components, found);
  const ofUser = level.users.get(subject.name);
  if (ofUser !== undefined) found.push(ofUser);
  for (const group of subject.groups) {
    const ofGroup = level.groups.get(group);
    if (ofGroup !== undefined) found.push(ofGroup);
  }
  if (address !== UNKNOWN) level.addresses.collect(address, found);
  else if (level.addresses.all.length > 0) found.push(level.addresses.all);
  if (found === into) return;
  for (const list of found) {
    const below = level.below.get(list);
    if (below === undefined) into.push(list);
    else collect(below, seen, into);
  }
}

function keysOf({ when }: Rule): Keys {
  const ranges = when.from?.entries.flatMap((entry) => entry.ranges);
  return {
    repositories: when.repositories.map(({ anchors }) => anchors),
    users: when.users,
    groups: when.groups,
    ranges: ranges !== undefined && ranges.length <= RANGE_LIMIT ? ranges : undefined,
  };
}

/** How many rules stand under each key, were all put under it. */
interface Crowds {
  readonly repositories: Map<string, number>;
  readonly users: Map<string, number>;
  readonly groups: Map<string, number>;
  readonly ranges: Map<number | string, number>;
}

function countAll(places: readonly number[], keys: readonly Keys[], kinds: readonly Kind[]): Crowds {
  const crowds: Crowds = {
    repositories: new Map(),
    users: new Map(),
    groups: new Map(),
    ranges: new Map(),
  };
  const [byRepository, byRange] = [kinds.includes('repositories'), kinds.includes('ranges')];
  for (const place of places) {
    const own = keys[place];
    if (byRepository)
      for (const anchors of own?.repositories ?? []) count(crowds.repositories, textOfAnchors(anchors));
    for (const name of own?.users ?? []) count(crowds.users, name);
    for (const name of own?.groups ?? []) count(crowds.groups, name);
    if (byRange) for (const range of own?.ranges ?? []) count(crowds.ranges, keyOfRange(range));
  }
  return crowds;
}

function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function textOfAnchors({ prefix, last = '*' }: Anchors): string {
  return `${prefix.join('/')} ${last}`;
}

/** A number for IPv4: 38 bits, which is quicker than a text. */
function keyOfRange(range: Range): number | string {
  const number = addressNumber(range);
  return typeof number === 'number' ? number * 64 + range.bits : `${number}/${range.bits}`;
}

/**
 * Under which of the kinds a rule has the fewest neighbours.
 *
 * @param most as many as there are; what does not tell it from them is no use.
 */
function mostTelling(
  { repositories, users, groups, ranges }: Keys,
  crowds: Crowds,
  kinds: readonly Kind[],
  most: number,
): Kind | undefined {
  let best: Kind | undefined;
  let least = kinds.length === KINDS.length ? Infinity : most;
  const consider = (kind: Kind, neighbours: () => number): void => {
    if (!kinds.includes(kind)) return;
    const count = neighbours();
    if (count >= least) return;
    least = count;
    best = kind;
  };
  consider('repositories', () =>
    sum(repositories, (anchors) => crowds.repositories.get(textOfAnchors(anchors))),
  );
  if (users) consider('users', () => sum(users, (name) => crowds.users.get(name)));
  if (groups) consider('groups', () => sum(groups, (name) => crowds.groups.get(name)));
  if (ranges)
    consider('ranges', () => ADDRESS_PENALTY * sum(ranges, (range) => crowds.ranges.get(keyOfRange(range))));
  return best;
}

function sum<T>(keys: Iterable<T>, countOf: (key: T) => number | undefined): number {
  let total = 0;
  for (const key of keys) total += countOf(key) ?? 0;
  return total;
}

function put(lists: Map<string, number[]>, name: string, place: number): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [place]);
  else list.push(place);
}
