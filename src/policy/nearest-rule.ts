/** Finds the allow rule of which a refused person is told. */
import { WRITES_MASK } from './actions.ts';
import { ACTIONS, UNKNOWN } from './facts.ts';
import { createRepositoryTree, type RepositoryTree } from './repository-tree.ts';
import type { Rule } from './rule.ts';
import type { Seen } from './seen.ts';
import { concerns, countFailed } from './weigh.ts';

/**
 * How many rules that speak of a request are looked at, so that a refusal stays cheap where thousands speak of the same.
 * Those with a message come first, then it goes by id.
 */
export const NEAREST_LIMIT = 32;

export type FindNearest = (seen: Seen) => Rule | undefined;

/**
 * The allow rule that speaks of this action and repository and whose other conditions fail least; one with a message goes
 * first, since it was written to be read by the person who is refused. `rules` are sorted by id, which settles ties.
 */
export function createFindNearest(rules: readonly Rule[]): FindNearest {
  const speaking = rules.filter(({ effect, enforce }) => effect === 'allow' && enforce);
  const finders = [
    createFinder(speaking.filter(({ message }) => message !== undefined)),
    createFinder(speaking.filter(({ message }) => message === undefined)),
  ];
  return (seen) => {
    for (const find of finders) {
      const found = find(seen);
      if (found) return found;
    }
    return undefined;
  };
}

function createFinder(rules: readonly Rule[]): FindNearest {
  const trees = new Map<number, RepositoryTree>();
  for (const [place, { when }] of rules.entries()) {
    for (const bit of bitsOf(when.actions.mask)) {
      let tree = trees.get(bit);
      if (tree === undefined) {
        tree = createRepositoryTree();
        trees.set(bit, tree);
      }
      for (const { anchors } of when.repositories) tree.add(anchors, place);
    }
  }
  return (seen) => {
    const lists: (readonly number[])[] = [];
    for (const bit of bitsOf(seen.actions)) {
      const tree = trees.get(bit);
      if (seen.components === UNKNOWN) lists.push(tree?.all ?? []);
      else tree?.collect(seen.components, lists);
    }
    let best: Rule | undefined;
    let least = Infinity;
    let looked = 0;
    for (const place of ascending(lists)) {
      const rule = rules[place];
      if (rule === undefined || !concerns(rule, seen)) continue;
      const failed = countFailed(rule, seen, least);
      if (failed < least) {
        best = rule;
        least = failed;
      }
      // Something fails in each of them, or there would be no refusal.
      if (least <= 1 || ++looked >= NEAREST_LIMIT) break;
    }
    return best;
  };
}

/** Creating and overwriting are one: who may do the one and is refused the other reads what that rule says. */
function bitsOf(mask: number): readonly number[] {
  const bits = ACTIONS.flatMap((_, bit) => ((mask & (1 << bit) & ~WRITES_MASK) === 0 ? [] : [1 << bit]));
  return (mask & WRITES_MASK) === 0 ? bits : [...bits, WRITES_MASK];
}

/** The entries of ascending lists in one ascending order, each once. */
function* ascending(lists: readonly (readonly number[])[]): Generator<number> {
  const heads = lists.map(() => 0);
  for (;;) {
    let least = Infinity;
    for (const [index, list] of lists.entries()) least = Math.min(least, list[heads[index] ?? 0] ?? Infinity);
    if (least === Infinity) return;
    yield least;
    for (const [index, list] of lists.entries()) {
      const head = heads[index] ?? 0;
      if (list[head] === least) heads[index] = head + 1;
    }
  }
}
