/** The decision without an index: every rule, one after the other. What decide.ts finds must be what this finds. */
import { limited } from '../../src/policy/bounds.ts';
import { conclude, type Weighed } from '../../src/policy/decide.ts';
import { ANONYMOUS, type Decision, type Question } from '../../src/policy/facts.ts';
import { NEAREST_LIMIT } from '../../src/policy/nearest-rule.ts';
import type { Policy } from '../../src/policy/policy.ts';
import type { Rule } from '../../src/policy/rule.ts';
import { type Seen, see } from '../../src/policy/seen.ts';
import { concerns, countFailed, weighRule } from '../../src/policy/weigh.ts';

export function decideNaively(policy: Policy, question: Question): Decision {
  const seen = see(question);
  if (!seen)
    return {
      verdict: 'refused',
      rules: [],
      message: undefined,
      nearest: undefined,
      observed: [],
      host: undefined,
    };
  const findNearest = (seen: Seen): Rule | undefined => nearest(policy.rules, seen);
  const judge = (seen: Seen): Decision =>
    conclude({ hostOf: policy.hostOf, findNearest }, seen, weighAll(policy, seen));
  return limited(judge(seen), seen, () => judge({ ...seen, subject: ANONYMOUS }));
}

function weighAll(policy: Policy, seen: Seen): readonly Weighed[] {
  return policy.rules.flatMap((rule): Weighed[] => {
    const truth = weighRule(rule, seen);
    return truth === false ? [] : [{ rule, truth }];
  });
}

/** Of those that speak of it the one that fails least; those with a message first, then by id. */
function nearest(rules: readonly Rule[], seen: Seen): Rule | undefined {
  const speaking = rules.filter((rule) => rule.effect === 'allow' && rule.enforce && concerns(rule, seen));
  const told = speaking.filter(({ message }) => message !== undefined);
  const looked = (told.length > 0 ? told : speaking).slice(0, NEAREST_LIMIT);
  const failed = looked.map((rule) => countFailed(rule, seen));
  return looked[failed.indexOf(Math.min(...failed))];
}
