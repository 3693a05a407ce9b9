/**
 * Finds the few rules that may hold for a question, so that a decision costs about the same with ten rules and with ten
 * thousand.
 *
 * Each rule stands under the one of its conditions that tells most: its repositories, its users or groups, or its
 * addresses. A rule that is not found surely does not hold; one that is found is still weighed as a whole.
 */
import { addressNumber, type Range } from './address.ts';
import { type AddressMap, createAddressMap } from './address-map.ts';
import { UNKNOWN } from './facts.ts';
import type { Anchors } from './glob.ts';
import type { Rule } from './policy.ts';
import { createRepositoryTree, type RepositoryTree } from './repository-tree.ts';
import type { Seen } from './seen.ts';

export interface RuleIndex {
  /** Lists of places in the rules given; a rule may stand in several. Each list ascends. */
  readonly candidates: (seen: Seen) => readonly (readonly number[])[];
}

/** Ranges of one rule that are worth an entry each; a rule with more is found by something else. */
const RANGE_LIMIT = 64;
/** Where a token is fetched the address is unknown, and all that stands under addresses must be weighed. */
const ADDRESS_PENALTY = 4;

/** What a rule could be found by. */
interface Keys {
  readonly repositories: readonly Anchors[];
  readonly users: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly ranges: readonly Range[] | undefined;
}

type Kind = keyof Keys;

export function indexRules(rules: readonly Rule[]): RuleIndex {
  const keys = rules.map(keysOf);
  const crowds = countAll(keys);
  const tree: RepositoryTree = createRepositoryTree();
  const addresses: AddressMap = createAddressMap();
  const users = new Map<string, number[]>();
  const groups = new Map<string, number[]>();
  for (const [place, one] of keys.entries()) {
    switch (mostTelling(one, crowds)) {
      case 'repositories':
        for (const anchors of one.repositories) tree.add(anchors, place);
        break;
      case 'users':
        for (const name of one.users ?? []) put(users, name, place);
        break;
      case 'groups':
        for (const name of one.groups ?? []) put(groups, name, place);
        break;
      case 'ranges':
        for (const range of one.ranges ?? []) addresses.add(range, place);
        break;
    }
  }
  return {
    candidates({ components, subject, address }) {
      const lists: (readonly number[])[] = [];
      if (components === UNKNOWN) lists.push(tree.all);
      else tree.collect(components, lists);
      const ofUser = users.get(subject.name);
      if (ofUser !== undefined) lists.push(ofUser);
      for (const group of subject.groups) {
        const ofGroup = groups.get(group);
        if (ofGroup !== undefined) lists.push(ofGroup);
      }
      if (address === UNKNOWN) lists.push(addresses.all);
      else addresses.collect(address, lists);
      return lists;
    },
  };
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

function countAll(keys: readonly Keys[]): Crowds {
  const crowds: Crowds = {
    repositories: new Map(),
    users: new Map(),
    groups: new Map(),
    ranges: new Map(),
  };
  for (const { repositories, users, groups, ranges } of keys) {
    for (const anchors of repositories) count(crowds.repositories, textOfAnchors(anchors));
    for (const name of users ?? []) count(crowds.users, name);
    for (const name of groups ?? []) count(crowds.groups, name);
    for (const range of ranges ?? []) count(crowds.ranges, keyOfRange(range));
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

/** Under which a rule has the fewest neighbours. */
function mostTelling({ repositories, users, groups, ranges }: Keys, crowds: Crowds): Kind {
  let best: Kind = 'repositories';
  let least = 0;
  for (const anchors of repositories) least += crowds.repositories.get(textOfAnchors(anchors)) ?? 0;
  const consider = (kind: Kind, neighbours: number): void => {
    if (neighbours >= least) return;
    least = neighbours;
    best = kind;
  };
  if (users)
    consider(
      'users',
      sum(users, (name) => crowds.users.get(name)),
    );
  if (groups)
    consider(
      'groups',
      sum(groups, (name) => crowds.groups.get(name)),
    );
  if (ranges)
    consider('ranges', ADDRESS_PENALTY * sum(ranges, (range) => crowds.ranges.get(keyOfRange(range))));
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
