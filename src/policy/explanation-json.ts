/** An explanation as JSON: of `--json` and of the API. */
import type { ExplainedFact } from './explain.ts';
import type { Decision, Question } from './facts.ts';
import type { Policy } from './policy.ts';
import { questionToJson } from './question-json.ts';
import { type RuleAnswer, wordFor } from './why.ts';

export function explanationJson(
  { digest }: Pick<Policy, 'digest'>,
  question: Question,
  decision: Decision,
  answers: readonly RuleAnswer[],
): unknown {
  return {
    decision,
    policy: digest,
    question: questionToJson(question),
    rules: answers.map(({ rule, explained, holds, why }) => ({
      id: rule.id,
      effect: rule.effect,
      ...(!rule.enforce && { enforce: false }),
      holds,
      ...(why !== '' && { why }),
      ...rule.place,
      facts: explained.facts.map(factJson),
      ...(explained.unless.length > 0 && {
        unless: explained.unless.map(({ truth, facts }) => ({
          holds: wordFor(truth),
          facts: facts.map(factJson),
        })),
      }),
    })),
  };
}

function factJson({ fact, truth, wanted, seen }: ExplainedFact): unknown {
  return { fact, holds: wordFor(truth), expected: wanted, seen };
}
