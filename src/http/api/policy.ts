/** Questions to the policy, as the API declares them. */
import { z } from 'zod';
import { parameterSchema } from '../../inquiry/parameters.ts';
import type { Operations } from './operation.ts';
import { explanation, right } from './policy-answers.ts';
import { moment, number } from './shared.ts';

const digest = z.string().describe('of a policy');
const more = number.describe('how many more there are').exactOptional();
const rights = z.strictObject({
  policy: digest,
  rows: z.array(right.extend({ members: z.record(z.string(), z.array(z.string())).exactOptional() })),
  rowsMore: more,
  note: z.string().exactOptional(),
});
const change = z.strictObject({
  sentence: z.string(),
  exceptions: z.array(z.string()),
  right,
  example: z.string().describe('a question with another answer').exactOptional(),
});
const verdict = z.enum(['granted', 'possible', 'refused']);
const counted = z.array(z.strictObject({ what: z.string(), requests: number }));
const replay = z.strictObject({
  requests: number,
  changed: number,
  changes: z.array(
    z.strictObject({
      user: z.string(),
      action: z.string(),
      repository: z.string(),
      before: verdict,
      after: verdict,
      rulesBefore: z.array(z.string()),
      rulesAfter: z.array(z.string()),
      count: number,
      example: z.string(),
      last: moment,
    }),
  ),
  unlisted: number,
  assumed: counted,
  omitted: counted,
});

const about = { group: 'policy', access: 'login', method: 'GET' } as const;
const errors = ['FILTER_MALFORMED', 'POLICY_DENIED', 'OVERLOADED'] as const;

export const policyOperations = {
  whoMay: {
    ...about,
    route: 'policy-who',
    path: '/api/v1/policy/who',
    summary: 'who may do something',
    query: parameterSchema('who'),
    answer: { status: 200, json: rights },
    errors,
  },
  whatMay: {
    ...about,
    route: 'policy-what',
    path: '/api/v1/policy/what',
    summary: 'what somebody may do',
    query: parameterSchema('what'),
    answer: { status: 200, json: rights },
    errors,
  },
  explainDecision: {
    ...about,
    route: 'policy-explain',
    path: '/api/v1/policy/explain',
    summary: 'what the policy decides of a request, and why',
    query: parameterSchema('explain'),
    answer: { status: 200, json: explanation },
    errors,
  },
  comparePolicies: {
    ...about,
    route: 'policy-diff',
    path: '/api/v1/policy/diff',
    summary: 'what one policy allows and another does not; and which recorded requests that concerns',
    query: parameterSchema('diff'),
    answer: {
      status: 200,
      json: z.strictObject({
        before: digest,
        after: digest,
        removed: z.array(change),
        removedMore: more,
        added: z.array(change),
        addedMore: more,
        replay: replay.exactOptional(),
      }),
    },
    errors,
  },
} as const satisfies Operations;
