/** Sets of actions as bits, so that one comparison tells whether a rule is about a request. */
import type { ActionSet } from './conditions.ts';
import { ACTIONS, type Action } from './facts.ts';

const [PULL, ...OTHERS] = ACTIONS;

/** The words of `allow` and `deny`. `push` stands for create and overwrite. */
export const RULE_ACTIONS = [PULL, 'push', ...OTHERS] as const;
export type RuleAction = (typeof RULE_ACTIONS)[number];

/** The actions that write a tag or an untagged manifest. */
export const WRITES: readonly Action[] = ['create', 'overwrite'];
export const WRITES_MASK = maskOf(WRITES);

export function maskOf(actions: Iterable<Action>): number {
  let mask = 0;
  for (const action of actions) mask |= 1 << ACTIONS.indexOf(action);
  return mask;
}

/** The words as actions, each once, in the order of ACTIONS. */
export function actionSet(words: readonly RuleAction[]): ActionSet {
  const mask = maskOf(words.flatMap(spellOut));
  return Object.freeze({ list: ACTIONS.filter((_, bit) => (mask & (1 << bit)) !== 0), mask });
}

export function spellOut(word: RuleAction): readonly Action[] {
  return word === 'push' ? WRITES : [word];
}
