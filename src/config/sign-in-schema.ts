/** The list `page.signIn` of warden.yaml: issuers by which people sign in to the page, and what of their claims counts. */
import { z } from 'zod';
import {
  claim,
  groupsOfClaims,
  ID_TOKEN_ALGORITHMS,
  issuerAddress,
  issuerName,
  requiredClaims,
} from './oidc-schema.ts';
import { path } from './settings-values.ts';

const printable = z.string().regex(/^[\x21-\x7e]{1,255}$/, {
  error: 'expected printable ASCII without blanks, at most 255 characters',
});

/** RFC 6749 section 3.3. */
const scope = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/, {
  error: 'expected one scope: printable ASCII without blanks, quotes and backslashes',
});

const issuer = z.strictObject({
  name: issuerName.describe(
    'What the issuer is called here. The names of its people are <name>:<value of the subject>: no name of the users file or a directory holds a colon, and no other issuer has this name. It also ends the redirect URI: <publicUrl>/ui/signed-in/<name>.',
  ),
  title: z
    .string()
    .regex(/^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u, {
      error: 'expected 1 to 64 characters, none of them a control character',
    })
    .describe('What the button says that people sign in with.'),
  issuer: issuerAddress.describe('The iss of its tokens, letter by letter. It must offer discovery.'),
  clientId: printable.describe('The client_id that the issuer has given to this registry.'),
  clientSecretFile: path
    .optional()
    .describe('A file with one line: the client_secret. Either this or clientKeyFile.'),
  clientKeyFile: path
    .optional()
    .describe(
      'PEM: a private key in place of a secret (private_key_jwt); EC P-256 or RSA. The issuer has its public key.',
    ),
  secretBy: z
    .enum(['client_secret_basic', 'client_secret_post'])
    .default('client_secret_basic')
    .describe('How the secret is sent to the token endpoint.'),
  algorithm: z.enum(ID_TOKEN_ALGORITHMS).default('RS256').describe('How its id tokens are signed.'),
  scopes: z
    .array(scope)
    .max(32)
    .refine((list) => list.includes('openid'), { error: 'expected openid among them' })
    .default(['openid'])
    .describe('The scopes that are asked for. Issuers give many claims for further ones only.'),
  userinfo: z
    .boolean()
    .default(false)
    .describe('true: claims that the id token has not are asked of the userinfo endpoint.'),
  caFile: path
    .optional()
    .describe('PEM: the CAs that may vouch for the hosts of the issuer. Default: those that come with Node.'),
  require: requiredClaims,
  subject: claim
    .default('sub')
    .describe('The claim that names the person. Only sub is promised never to become another person’s.'),
  groups: groupsOfClaims('person'),
  endSession: z
    .boolean()
    .default(true)
    .describe(
      'true: who signs out is sent to the issuer to sign out there too, where it offers that. <publicUrl>/ui/ must be registered there as post-logout redirect URI.',
    ),
});

export const signInSchema = z.array(issuer).max(16);

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
/** One issuer of the settings, with everything that has a default filled in. All paths are absolute. */
export type SignInIssuer = DeepReadonly<z.output<typeof issuer>>;

/** @param at makes a path absolute. */
export function signInFilesAt<T extends z.output<typeof issuer>>(entry: T, at: (path: string) => string): T {
  const { clientSecretFile, clientKeyFile, caFile } = entry;
  return {
    ...entry,
    ...(clientSecretFile !== undefined && { clientSecretFile: at(clientSecretFile) }),
    ...(clientKeyFile !== undefined && { clientKeyFile: at(clientKeyFile) }),
    ...(caFile !== undefined && { caFile: at(caFile) }),
  };
}
