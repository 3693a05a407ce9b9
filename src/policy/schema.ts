/**
 * The shape of a policy file. Unknown keys are errors, empty lists are errors: what was misspelt must not quietly match
 * more or less than was meant. What one value can say wrong by itself is found here; names that other places define are
 * looked up when the policy is compiled.
 */
import { z } from 'zod';
import { RULE_ACTIONS } from './actions.ts';
import { looksLikeRange, parseRange } from './address.ts';
import { parseMachineName, parseNamePattern } from './certificate-name.ts';
import { checkRule } from './check-rule.ts';
import { parseClientTest } from './client-version.ts';
import { METHODS, SUBJECT_KINDS } from './facts.ts';
import { certificateEntry } from './from-entry.ts';
import { parseClaimGlob, parseRepositoryGlob, parseTagGlob } from './glob.ts';
import { setNamed } from './set-name.ts';

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

/** The same, or the name of a set, which is looked up when the policy is compiled. */
function parsedOrSet(parse: Parameters<typeof parsedText>[0]) {
  return parsedText((text) => (setNamed(text) === undefined ? parse(text) : { ok: true }));
}

/** Names are compared as they stand: a pattern here would be a group that nobody is in. */
const literalName = (kind: string) =>
  z
    .string()
    .min(1)
    .refine((text) => !text.includes('*'), {
      error: `${kind} are names, not patterns; for everyone who has logged in write authenticated: true`,
    })
    // Nobody is called so, and a deny of such a name would hold nobody back.
    .refine((text) => text === text.trim() && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text), {
      error: 'a name has no blank at either end and no invisible character; take it out',
    });

const users = z.array(literalName('users')).min(1);
const groups = z.array(literalName('groups')).min(1);
const repositories = z.array(parsedOrSet(parseRepositoryGlob)).min(1);
const tags = z.array(parsedOrSet(parseTagGlob)).min(1);
const times = z.array(z.string().min(1)).min(1);

const certified = z
  .strictObject({
    certificate: parsedText(parseNamePattern).describe('A pattern of names in the client certificate.'),
  })
  .transform(({ certificate }) => certificateEntry(certificate));
/** An entry of a list of places, as one text. */
const place = z.union([z.string().min(1), certified]);

const SETS = 'set:NAME stands for a set.';
/** What a rule and each block of its `unless` can ask. */
const conditions = {
  tags: tags
    .optional()
    .describe(
      `Patterns of tags; for pushes only. A push by digest writes no tag, so it does not stand in its way. ${SETS}`,
    ),
  from: z
    .union([z.array(place).min(1), certified])
    .transform((list) => [list].flat())
    .optional()
    .describe(
      'Networks, hosts, addresses, ranges, or { certificate: NAME }, in which * stands for text within a label; the client must be in one of them.',
    ),
  who: z
    .strictObject({
      users: users.optional().describe(`Names of users; one must be the caller. ${SETS}`),
      groups: groups.optional().describe(`Groups; the caller must be in one of them. ${SETS}`),
      kinds: z
        .array(z.enum(SUBJECT_KINDS))
        .min(1)
        .optional()
        .describe('Kinds of caller; one must be the caller’s.'),
      methods: z
        .array(z.enum(METHODS))
        .min(1)
        .optional()
        .describe('Ways to log in; the caller must have used one of them.'),
      authenticated: z.boolean().optional().describe('true: has logged in; false: has not.'),
      approved: z
        .boolean()
        .optional()
        .describe('true: has a push grant that somebody else has approved; false: has none.'),
      certificates: z
        .array(parsedText(parseMachineName))
        .min(1)
        .optional()
        .describe('DNS names in the client certificate of the connection; it must have shown one of them.'),
    })
    .refine((value) => Object.keys(value).length > 0, {
      error: 'an empty match holds for everyone, also without a login; leave `who` out or say who',
    })
    .optional()
    .describe('The caller; every key that is given must hold.'),
  build: z
    .strictObject({
      issuer: claims('Who vouches for the build: the address of the CI server.'),
      project: claims('The project that is built.'),
      branch: claims('The branch that is built.'),
      tag: claims('The tag of the source that is built.'),
      job: claims('The job.'),
      environment: claims('The environment that the job is for.'),
      event: claims('What started it.'),
      operator: claims('Who started it.'),
    })
    .refine((value) => Object.keys(value).length > 0, {
      error: 'an empty match asks nothing of the build; leave `build` out or say which',
    })
    .optional()
    .describe('What the token of a build says of it; every key that is given must hold.'),
  time: times
    .optional()
    .describe(
      `Windows of time such as Mon-Fri 08:00-18:00 Europe/Berlin, or 2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin. ${SETS}`,
    ),
  client: z
    .array(parsedText(parseClientTest))
    .min(1)
    .optional()
    .describe('Programs such as docker < 20.10, by what they say of themselves. For `deny` only.'),
};

function claims(meaning: string) {
  return z.array(parsedText(parseClaimGlob)).min(1).optional().describe(`${meaning} Patterns.`);
}

const actions = z.array(z.enum(RULE_ACTIONS)).min(1);

const block = z
  .strictObject({
    actions: actions.optional().describe('Of those of the rule, the ones that are excepted.'),
    repositories: repositories.optional().describe(`Patterns of repositories. ${SETS}`),
    ...conditions,
  })
  .refine((value) => Object.keys(value).length > 0, {
    error: 'an empty match always holds, so the rule never would; leave `unless` out or say when',
  });

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
    repositories: repositories.describe(`Patterns of repositories; one of them must fit. ${SETS}`),
    ...conditions,
    unless: z
      .union([block, z.array(block).min(1)])
      .optional()
      .describe(
        'A block, or a list of them: the rule does not apply where all that stands in one of them holds.',
      ),
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

const address = parsedText((text) => {
  const parsed = parseRange(text);
  if (!parsed.ok || !text.includes('/')) return parsed;
  return {
    ok: false,
    reason: `${JSON.stringify(text)}: a host has addresses; a range belongs under networks`,
  };
});

const host = z
  .strictObject({
    addresses: z.array(address).min(1).optional().describe('Every address from which this host comes.'),
    certificate: parsedText(parseMachineName)
      .optional()
      .describe('A DNS name in the client certificate of the host. With addresses beside it, both must fit.'),
    since: z.iso
      .date({ error: 'expected a date such as 2026-03-01' })
      .optional()
      .describe('For the reader: since when this is so.'),
  })
  .refine(({ addresses, certificate }) => addresses !== undefined || certificate !== undefined, {
    error: 'a host is known by its addresses, by its certificate, or by both; expected one of them',
  });

const namedList = <T extends z.ZodType>(list: T, what: string) => named(list).optional().describe(what);

const sets = z.strictObject({
  users: namedList(users, 'Sets of users.'),
  groups: namedList(groups, 'Sets of groups.'),
  repositories: namedList(repositories, 'Sets of patterns of repositories.'),
  tags: namedList(tags, 'Sets of patterns of tags.'),
  times: namedList(times, 'Sets of windows of time.'),
});

/** One policy file. Several files of a folder are one policy. */
export const policyDocument = z.strictObject({
  hosts: named(host).optional().describe('Machines with names, so that the record outlives their addresses.'),
  networks: named(z.array(place).min(1))
    .optional()
    .describe('Named sets of ranges, addresses, hosts, certificates and other networks.'),
  sets: sets.optional().describe('Named sets, which rules and other sets of the same kind name as set:NAME.'),
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
export type BlockContent = z.output<typeof block>;
