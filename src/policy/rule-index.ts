/**
 * Finds the few rules that may hold for a question, so that a decision costs about the same with ten rules and with ten
 * thousand.
 *
 * Each rule stands under the one of its conditions that tells most: its repositories, its users or groups, or its
 * addresses. A rule that is not found surely does not hold; one that is found is still weighed as a whole.
 */
import type { Range } from './address.ts';
import { type AddressMap, createAddressMap } from './address-map.ts';
import { UNKNOWN } from './facts.ts';
import type { Rule } from './policy.ts';
import { type Anchors, anchorsOf, createRepositoryTree, type RepositoryTree } from './repository-tree.ts';
import type { Seen } from './seen.ts';

export interface RuleIndex {
  /** Lists of places in the rules given; a rule may stand in several. Each list ascends. */
  readonly candidates: (seen: Seen) => readonly (readonly number[])[];
}

/** Ranges of one rule that are worth an entry each; a rule with more is found by something else. */
const RANGE_LIMIT = 64;
/** Where a token is fetched the address is unknown, and all that stands under addresses must be weighed. */
const ADDRESS_PENALTY = 4;

interface Keys {
  readonly repositories: readonly Anchors[];
  readonly users: readonly string[] | undefined;
  readonly groups: readonly string[] | undefined;
  readonly ranges: readonly Range[] | undefined;
}

export function indexRules(rules: readonly Rule[]): RuleIndex {
  const keys = rules.map(keysOf);
  const counts = new Map<string, number>();
  for (const one of keys)
    for (const texts of Object.values(textsOf(one)))
      for (const text of texts ?? []) counts.set(text, (counts.get(text) ?? 0) + 1);

  const tree: RepositoryTree = createRepositoryTree();
  const addresses: AddressMap = createAddressMap();
  const users = new Map<string, number[]>();
  const groups = new Map<string, number[]>();
  for (const [place, one] of keys.entries()) {
    switch (mostTelling(one, counts)) {
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
    repositories: when.repositories.map(anchorsOf),
    users: when.users && [...when.users],
    groups: when.groups && [...when.groups],
    ranges: ranges !== undefined && ranges.length <= RANGE_LIMIT ? ranges : undefined,
  };
}

type Texts = Readonly<Record<keyof Keys, readonly string[] | undefined>>;

/** Keys as texts, only to be counted. */
function textsOf({ repositories, users, groups, ranges }: Keys): Texts {
  return {
    repositories: repositories.map(({ prefix, last = '*' }) => `r${prefix.join('/')} ${last}`),
    users: users?.map((name) => `u${name}`),
    groups: groups?.map((name) => `g${name}`),
    ranges: ranges?.map(({ family, value, bits }) => `a${family} ${value} ${bits}`),
  };
}

/** Under which a rule has the fewest neighbours. */
function mostTelling(keys: Keys, counts: ReadonlyMap<string, number>): keyof Keys {
  let best: keyof Keys = 'repositories';
  let least = Infinity;
  for (const [kind, texts] of Object.entries(textsOf(keys)) as [keyof Keys, Texts[keyof Keys]][]) {
    if (texts === undefined) continue;
    const neighbours = texts.reduce((sum, text) => sum + (counts.get(text) ?? 0), 0);
    const cost = neighbours * (kind === 'ranges' ? ADDRESS_PENALTY : 1);
    if (cost < least) {
      least = cost;
      best = kind;
    }
  }
  return best;
}

function put(lists: Map<string, number[]>, name: string, place: number): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [place]);
  else list.push(place);
}
