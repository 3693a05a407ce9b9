/** Asks the policy what the cases ask, and compares. Pure. */
import { decide } from '../policy/decide.ts';
import type { Decision } from '../policy/facts.ts';
import type { Policy } from '../policy/policy.ts';
import { answersOf, type RuleAnswer } from '../policy/why.ts';
import type { Case } from './read-cases.ts';

export interface CaseResult {
  readonly case: Case;
  readonly decision: Decision;
  /** One sentence for each expectation that was not met; empty: it passed. */
  readonly failures: readonly string[];
}

/** How often each rule decided a case, in the order of the policy's rules; a rule that is only tried, where it held. */
export type Coverage = ReadonlyMap<string, number>;

export interface CasesOutcome {
  readonly results: readonly CaseResult[];
  readonly coverage: Coverage;
}

export function runCases(policy: Policy, cases: readonly Case[]): CasesOutcome {
  const coverage = new Map(policy.rules.map(({ id }) => [id, 0]));
  const results = cases.map((one): CaseResult => {
    const decision = decide(policy, one.question);
    for (const id of [...decision.rules, ...decision.observed]) coverage.set(id, (coverage.get(id) ?? 0) + 1);
    return { case: one, decision, failures: failuresOf(one, decision) };
  });
  return { results, coverage };
}

function failuresOf({ expect, rules, message }: Case, decision: Decision): readonly string[] {
  const decided = decision.rules.toSorted();
  const by = decided.length === 0 ? 'no rule' : decided.join(', ');
  const failures: string[] = [];
  if (decision.verdict !== expect) failures.push(`expected ${expect}, was ${decision.verdict} by ${by}`);
  if (rules !== undefined && rules.join() !== decided.join())
    failures.push(`expected the rules ${rules.join(', ') || '(none)'}, decided by ${by}`);
  if (message !== undefined && decision.message?.includes(message) !== true) {
    const told =
      decision.message === undefined
        ? 'there is no message'
        : `the message is ${JSON.stringify(decision.message)}`;
    failures.push(`expected the message ${JSON.stringify(message)}, ${told}`);
  }
  return failures;
}

/** What a person needs to see of a case that failed: every rule that holds or may, and those that speak of what was asked. */
export function relevantAnswers(policy: Policy, { case: one, decision }: CaseResult): readonly RuleAnswer[] {
  const expected = new Set([
    ...(one.rules ?? []),
    ...(decision.nearest === undefined ? [] : [decision.nearest]),
  ]);
  const answers = answersOf(policy, one.question) ?? [];
  return answers.filter(({ rule, holds, concerns }) => holds !== 'no' || concerns || expected.has(rule.id));
}
