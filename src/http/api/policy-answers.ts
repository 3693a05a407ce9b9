/** What answers to questions about the policy are made of. The keys are those of the policy language. */
import { z } from 'zod';
import { ACTIONS, BUILD_CLAIMS, SUBJECT_KINDS } from '../../policy/facts.ts';
import { number, texts } from './shared.ts';

const list = texts.exactOptional();

/** Every key that is there must hold, of a list one entry; as in a rule. */
export const conditions = z.strictObject({
  actions: list,
  repositories: list,
  who: z
    .strictObject({
      users: list,
      groups: list,
      kinds: list,
      methods: list,
      authenticated: z.boolean().exactOptional(),
      approved: z.boolean().exactOptional(),
      certificates: list,
    })
    .exactOptional(),
  build: z.record(z.string(), texts).exactOptional(),
  from: list.describe('as the rule has it'),
  addresses: list.describe('what `from` stands for, in CIDR notation'),
  tags: list,
  untagged: z
    .boolean()
    .describe('beside `tags`: whether a push that writes no tag is meant too')
    .exactOptional(),
  time: list,
  client: list,
});

/** What one row says may be done. */
export const right = conditions.extend({
  rules: texts.describe('ids of the allow rules that say so'),
  lessenedBy: list.describe('ids of the denies that took something away which the rest no longer shows'),
  bind: z.literal('address').exactOptional(),
  except: z
    .array(conditions.extend({ rules: list, but: z.array(conditions).exactOptional() }))
    .describe('it does not hold where one of these does, as far as none of its `but` does')
    .exactOptional(),
  exceptMore: number.describe('how many more there are').exactOptional(),
});

const text = z.string().exactOptional();
const subject = z.strictObject({
  name: z.string(),
  kind: z.enum(SUBJECT_KINDS),
  groups: texts,
  method: z.string(),
  build: z.partialRecord(z.enum(BUILD_CLAIMS), z.string()).exactOptional(),
  run: z.strictObject({ token: z.string(), number: number.exactOptional(), commit: text }).exactOptional(),
  approved: z.boolean().exactOptional(),
  bounds: z
    .strictObject({ repositories: texts, actions: texts, tags: list, addresses: list })
    .exactOptional(),
});

const holds = z.enum(['yes', 'no', 'unknown']);
const fact = z.strictObject({ fact: z.string(), holds, expected: texts, seen: z.string() });

export const explanation = z.strictObject({
  decision: z.strictObject({
    verdict: z.enum(['granted', 'possible', 'refused']),
    rules: texts.describe('that made it'),
    message: text,
    nearest: z
      .string()
      .describe('the nearest allow rule, or the deny whose message is given')
      .exactOptional(),
    observed: texts.describe('rules with `enforce: false` that hold'),
    host: text,
    bounded: z.literal(true).exactOptional(),
    hostCertified: z.literal(true).exactOptional(),
  }),
  policy: z.string().describe('digest of the policy'),
  question: z.strictObject({
    subject,
    actions: z.array(z.enum(ACTIONS)),
    tokenAddress: z.string(),
    address: text,
    repository: text,
    tag: text,
    time: z.int().describe('milliseconds since 1970').exactOptional(),
    client: text,
    certificates: list,
    unknown: texts.describe('what is not known'),
  }),
  rules: z.array(
    z.strictObject({
      id: z.string(),
      effect: z.enum(['allow', 'deny']),
      enforce: z.literal(false).exactOptional(),
      holds,
      why: text,
      file: z.string(),
      line: number,
      column: number,
      facts: z.array(fact),
      unless: z.array(z.strictObject({ holds, facts: z.array(fact) })).exactOptional(),
    }),
  ),
  more: number.describe('how many more rules there are').exactOptional(),
  note: text,
});
