/** The block `oidc` of warden.yaml: whose id tokens are taken as passwords of builds, and what of them counts. */
import { z } from 'zod';
import { isAuthority, path } from './settings-values.ts';

/** Asymmetric ones alone: a key set is public, so a MAC under one of its keys proves nothing. */
export const ID_TOKEN_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const;

/** Plain http would let anyone on the way sign for the issuer; on this machine nobody is on the way. */
export const issuerAddress = z.string().refine(
  (text) => {
    const [, scheme, authority = '', place = ''] = /^(https?):\/\/([^/]+)(\/.*)?$/.exec(text) ?? [];
    const safe = scheme === 'https' || /^(?:127\.[0-9.]+|\[::1\]|localhost)(?::|$)/.test(authority);
    return safe && isAuthority(authority) && /^[\x21\x24-\x3e\x40-\x7e]*$/.test(place);
  },
  {
    error:
      'expected https://, a host in lower case, a port if it is not the usual one, and a path without ? and #; http:// on a loopback address only',
  },
);

export const claim = z.string().min(1).max(128);
const value = z.string().min(1).max(255);

const fact = z.union([
  claim,
  z.strictObject({
    claim: claim.describe('The claim that holds it.'),
    after: value
      .optional()
      .describe(
        'What its value must begin with, and is cut from it; with another beginning there is no fact.',
      ),
    when: z
      .record(claim, value)
      .optional()
      .describe('Values that other claims must have; otherwise there is no fact.'),
  }),
]);

const facts = {
  project: fact.optional().describe('The project that is built.'),
  branch: fact.optional().describe('The branch that is built.'),
  tag: fact.optional().describe('The tag of the source that is built.'),
  job: fact.optional().describe('The job.'),
  environment: fact.optional().describe('The environment that the job is for.'),
  event: fact.optional().describe('What started it.'),
  operator: fact.optional().describe('Who started it.'),
  number: fact.optional().describe('The number of the build. For the record; no rule asks it.'),
  commit: fact.optional().describe('The commit that is built. For the record; no rule asks it.'),
};

const group = z.string().regex(/^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/, {
  error: 'expected a name of at most 64 characters: a-z, 0-9, and between them . _ @ -',
});

/** Begins the names of all who come from an issuer. */
export const issuerName = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: 'expected at most 32 characters: a-z, 0-9, and - between them',
});

export const requiredClaims = z
  .record(claim, z.array(value).min(1))
  .default({})
  .describe('Claims that a token must have, each with the values that are taken.');

/** @param who the word for one of those who come from the issuer. */
export const groupsOfClaims = (who: 'build' | 'person') =>
  z
    .strictObject({
      always: z.array(group).default([]).describe(`Groups of every ${who} of this issuer.`),
      claim: claim.optional().describe('A claim whose value, or values, are groups.'),
      among: z
        .array(group)
        .default([])
        .describe('Which of those count: an issuer puts nobody into a group that does not stand here.'),
    })
    .prefault({})
    .describe('What rules may name under who: { groups: … }.');

const issuer = z.strictObject({
  name: issuerName.describe(
    'What the issuer is called here. The names of its builds are <name>:<value of the subject>: no name of the users file or a directory holds a colon, and no other issuer has this name.',
  ),
  issuer: issuerAddress.describe('The iss of its tokens, letter by letter.'),
  audiences: z
    .array(value)
    .min(1)
    .max(16)
    .describe('What the aud of its tokens may be. All that a token names must be in this list.'),
  algorithms: z
    .array(z.enum(ID_TOKEN_ALGORITHMS))
    .min(1)
    .default(['RS256', 'ES256'])
    .describe('How its tokens may be signed.'),
  jwksUrl: issuerAddress
    .optional()
    .describe('Where its keys are. Default: what <issuer>/.well-known/openid-configuration says.'),
  jwksFile: path
    .optional()
    .describe(
      'A file with its keys (a JSON Web Key Set) in place of an address. It is read again when it is due.',
    ),
  caFile: path
    .optional()
    .describe('PEM: the CAs that may vouch for the host of the keys. Default: those that come with Node.'),
  users: z
    .array(z.string().regex(/^[^:\p{Cc}]{1,64}$/u, { error: 'expected a user name without a colon' }))
    .min(1)
    .default(['jwt', 'oidc', '<token>'])
    .describe('The user names under which its tokens are taken as password.'),
  maximumHours: z
    .int()
    .min(1)
    .max(168)
    .default(24)
    .describe('Tokens that were made for longer than this are refused.'),
  require: requiredClaims,
  subject: claim.default('sub').describe('The claim that names the build.'),
  groups: groupsOfClaims('build'),
  build: z
    .strictObject(facts)
    .prefault({})
    .describe(
      'Which claim holds which fact of the build: the name of a claim, or { claim, after, when }. What is absent here is not known of its builds.',
    ),
});

export const oidcSchema = z.array(issuer).max(32);

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** One issuer of the settings, with everything that has a default filled in. All paths are absolute. */
export type OidcIssuer = DeepReadonly<z.output<typeof issuer>>;
/** Where one fact of a build is found. */
export type OidcFact = DeepReadonly<z.output<typeof fact>>;
