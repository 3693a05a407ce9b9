/**
 * The shape of a policy file. Unknown keys are errors, empty lists are errors: what was misspelt must not quietly match
 * more or less than was meant. What one value can say wrong by itself is found here; names that other places define are
 * looked up when the policy is compiled.
 */
import { z } from 'zod';
import { looksLikeRange, parseRange } from './address.ts';
import { parseRepositoryGlob, parseTagGlob } from './glob.ts';

/** The words of `allow` and `deny`. `push` stands for create and overwrite. */
export const RULE_ACTIONS = ['pull', 'push', 'create', 'overwrite', 'delete', 'list', 'audit'] as const;
export type RuleAction = (typeof RULE_ACTIONS)[number];

/** Shown to a person in one line beside who, from where and what for. */
const MESSAGE_LIMIT = 200;

/** A text whose parser gives a reason when it refuses. */
function parsedText(
  parse: (text: string) => { readonly ok: true } | { readonly ok: false; readonly reason: string },
) {
  return z.string().superRefine((text, context) => {
    const parsed = parse(text);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
  });
}

const MEANT_NAME = 'lower-case letters, digits, and . _ - between them; at most 64; no address';

/**
 * Values under names that the writer chooses. The names are checked beside the values, not as keys of the record, since
 * the library does not look at the value of a key that it refuses.
 */
function named<T extends z.ZodType>(value: T) {
  return z.record(z.string(), value).superRefine(
    (record, context) => {
      for (const name of Object.keys(record)) {
        if (/^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$/.test(name) && !looksLikeRange(name)) continue;
        const message = `${JSON.stringify(name)} cannot be a name: expected ${MEANT_NAME}`;
        context.addIssue({ code: 'custom', path: [name], params: { part: 'key' }, message });
      }
    },
    { when: ({ value }) => typeof value === 'object' && value !== null },
  );
}

/** Names are compared as they stand: a pattern here would be a group that nobody is in. */
const literalName = (kind: string) =>
  z
    .string()
    .min(1)
    .refine((text) => !text.includes('*'), {
      error: `${kind} are names, not patterns; for everyone who has logged in write authenticated: true`,
    });

const repositories = z
  .array(parsedText(parseRepositoryGlob))
  .min(1)
  .describe('Patterns of repositories; one of them must fit.');
const tags = z
  .array(parsedText(parseTagGlob))
  .min(1)
  .describe(
    'Patterns of tags; for pushes only. A push by digest writes no tag, so `tags` does not stand in its way.',
  );
const from = z
  .array(z.string().min(1))
  .min(1)
  .describe('Networks, hosts, addresses or ranges; the client must be in one of them.');

const who = z
  .strictObject({
    users: z
      .array(literalName('users'))
      .min(1)
      .optional()
      .describe('Names of users; one must be the caller.'),
    groups: z
      .array(literalName('groups'))
      .min(1)
      .optional()
      .describe('Groups; the caller must be in one of them.'),
    kinds: z
      .array(z.enum(['anonymous', 'person', 'robot', 'build']))
      .min(1)
      .optional()
      .describe('Kinds of caller; one must be the caller’s.'),
    authenticated: z.boolean().optional().describe('true: has logged in; false: has not.'),
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: 'an empty match holds for everyone, also without a login; leave `who` out or say who',
  })
  .describe('The caller; every key that is given must hold.');

const unless = z
  .strictObject({ who: who.optional(), from: from.optional(), tags: tags.optional() })
  .refine((value) => Object.keys(value).length > 0, {
    error: 'an empty match always holds, so the rule never would; leave `unless` out or say when',
  })
  .describe('The rule does not apply where all that is given here holds.');

const actions = z.array(z.enum(RULE_ACTIONS)).min(1);

const rule = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
        error: 'expected letters, digits, and . _ - behind the first; at most 64',
      })
      .describe('Stands in messages and in the record. Never reuse one for another purpose.'),
    allow: actions.optional().describe('What is allowed.'),
    deny: actions.optional().describe('What is forbidden, whatever any other rule allows.'),
    repositories,
    tags: tags.optional(),
    who: who.optional(),
    from: from.optional(),
    unless: unless.optional(),
    bind: z
      .literal('address')
      .optional()
      .describe('The token works only from the address that fetched it. For `allow` only.'),
    message: z
      .string()
      .max(MESSAGE_LIMIT)
      .refine((text) => oneLine(text) !== '' && !/\p{C}/u.test(oneLine(text)), {
        error: 'expected a sentence without control characters',
      })
      .optional()
      .describe('What a refused person reads: what to do, whom to ask.'),
    enforce: z.boolean().default(true).describe('false: what the rule would do is reported, and not done.'),
  })
  .superRefine(checkRule, {
    when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value),
  });

/** Text over several lines of YAML is one line for the reader. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

/** Runs also where a key of the rule is at fault, so it may not rely on any of them. */
function checkRule(
  value: unknown,
  context: { addIssue(issue: { code: 'custom'; path: string[]; message: string }): void },
) {
  const { allow, deny, tags, unless, bind } = value as Readonly<Record<string, unknown>>;
  const add = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
  if (allow !== undefined && deny !== undefined)
    add(['deny'], 'a rule has allow or deny, not both; make two rules');
  if (allow === undefined && deny === undefined) add([], 'a rule needs allow or deny');
  if (deny !== undefined && bind !== undefined)
    add(['bind'], 'bind belongs to allow; a token is not bound by a deny');
  const words = [allow, deny].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []));
  const reads = words.filter((word) => ['pull', 'list', 'audit', 'delete'].includes(String(word)));
  if (reads.length === 0) return;
  const reason =
    `tags cannot stand with ${[...new Set(reads)].join(', ')}: the same image has a digest, which gets round any tag; ` +
    'use them with push, create or overwrite only';
  if (tags !== undefined) add(['tags'], reason);
  if (unless instanceof Object && 'tags' in unless) add(['unless', 'tags'], reason);
}

const address = parsedText((text) => {
  const parsed = parseRange(text);
  if (!parsed.ok || !text.includes('/')) return parsed;
  return {
    ok: false,
    reason: `${JSON.stringify(text)}: a host has addresses; a range belongs under networks`,
  };
});

const host = z.strictObject({
  addresses: z.array(address).min(1).describe('Every address from which this host comes.'),
  certificate: z
    .string()
    .min(1)
    .optional()
    .describe('Name in the client certificate of the host. Kept; not asked for yet.'),
  since: z.iso
    .date({ error: 'expected a date such as 2026-03-01' })
    .optional()
    .describe('For the reader: since when this is so.'),
});

/** One policy file. Several files of a folder are one policy. */
export const policyDocument = z.strictObject({
  hosts: named(host).optional().describe('Machines with names, so that the record outlives their addresses.'),
  networks: named(z.array(z.string().min(1)).min(1))
    .optional()
    .describe('Named sets of ranges, addresses, hosts and other networks.'),
  rules: z
    .array(rule)
    .min(1)
    .optional()
    .describe('In no order: nothing is allowed unless a rule allows it, and any deny wins.'),
});

export type PolicyDocument = z.output<typeof policyDocument>;
export type RuleContent = NonNullable<PolicyDocument['rules']>[number];
export type HostContent = NonNullable<PolicyDocument['hosts']>[string];
export type WhoContent = NonNullable<RuleContent['who']>;
