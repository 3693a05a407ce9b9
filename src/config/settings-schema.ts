/**
 * The shape of warden.yaml. Unknown keys are errors, so that a misspelt key of security is not silent. Units are in the
 * names of keys; every key has a description, from which its documentation is made.
 */
import { z } from 'zod';
import { attestationsSchema } from './attestations-schema.ts';
import { clientCertificatesSchema } from './client-certificates-schema.ts';
import { clientsSchema } from './clients-schema.ts';
import { forwardSchema } from './forward-schema.ts';
import { ldapSchema } from './ldap-schema.ts';
import { listenSchema, operationsSchema } from './listen-schema.ts';
import { loginsSchema } from './logins-schema.ts';
import { offloadSchema } from './offload-schema.ts';
import { oidcSchema } from './oidc-schema.ts';
import { pageSchema } from './page-schema.ts';
import { reconcileSchema } from './reconcile-schema.ts';
import { recordSchema } from './record-schema.ts';
import { registrySchema } from './registry-schema.ts';
import { grantsSchema, robotsSchema } from './robots-schema.ts';
import { audience, origin, path, proxy } from './settings-values.ts';
import { storeSchema } from './store-schema.ts';
import { sessionsSchema, tokensSchema } from './tokens-schema.ts';
import { type transparencyAt, transparencySchema } from './transparency-schema.ts';

export const settingsSchema = z.strictObject({
  publicUrl: origin.describe(
    'The address that people type, for example https://registry.corp:5000. Clients are sent to <publicUrl>/token for their tokens.',
  ),
  alternateUrls: z
    .array(origin)
    .default([])
    .describe(
      'Other addresses of the same registry. A client that names one of their hosts is sent to the token endpoint there; any other to publicUrl.',
    ),
  service: audience
    .optional()
    .describe('Audience of the tokens of clients. Default: host and port of publicUrl.'),
  listen: listenSchema.prefault({}).describe('Where clients connect.'),
  clients: clientsSchema.prefault({}).describe('What one client may hold, and for how long.'),
  operations: operationsSchema.prefault({}).describe('Where health and metrics are asked for.'),
  trustedProxies: z
    .array(proxy)
    .default([])
    .describe(
      'Addresses or ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Nobody else’s are.',
    ),
  clientCertificates: clientCertificatesSchema
    .optional()
    .describe(
      'Certificates by which machines prove their names, for rules about them. Clients are asked for one and need none. docs/client-certificates.md',
    ),
  allowCredentialsOverHttp: z
    .boolean()
    .default(false)
    .describe('true: passwords are taken over plain HTTP, where everyone on the way reads them.'),
  registry: registrySchema.describe('The registry behind.'),
  offload: offloadSchema
    .optional()
    .describe(
      'Bodies of blobs sent by an nginx that reads the registry’s storage. Absent: all go through Warden. docs/trust.md says what it goes round.',
    ),
  tokens: tokensSchema.describe('The tokens of clients.'),
  policy: path
    .default('policies/')
    .describe('A folder, of which all *.yaml files are one policy, or a single file.'),
  users: path
    .default('users.yaml')
    .describe('The file of users, their groups and the hashes of their passwords.'),
  ldap: ldapSchema
    .optional()
    .describe('A directory of people, LDAP or Active Directory, besides the users file. docs/ldap.md'),
  data: path
    .default('data/')
    .describe(
      'The folder of the record, the inventory, the sessions and the policies that were in force. Back it up.',
    ),
  sessions: sessionsSchema.prefault({}).describe('Sessions of clients.'),
  logins: loginsSchema.prefault({}).describe('Limits of logins.'),
  robots: robotsSchema.prefault({}).describe('Accounts of machines. docs/robots.md'),
  grants: grantsSchema.prefault({}).describe('Push grants: passwords for one job. docs/jenkins.md'),
  oidc: oidcSchema
    .default([])
    .describe(
      'Issuers whose id tokens builds may send as password: Jenkins, GitLab CI, GitHub Actions, or any other that speaks OpenID Connect. docs/oidc.md has examples.',
    ),
  record: recordSchema.prefault({}).describe('The record of pushes.'),
  reconcile: reconcileSchema,
  forward: forwardSchema
    .default([])
    .describe('Where else the records go: files, syslog servers, webhooks. docs/forwarding.md'),
  transparency: transparencySchema
    .optional()
    .describe(
      'The signed tree of the record, by which anyone can prove it unaltered. Absent: there is none. docs/transparency.md',
    ),
  attestations: attestationsSchema
    .optional()
    .describe(
      'Attestations of what is on record. Absent: none are made. docs/attestations.md says what they claim.',
    ),
  shutdown: z
    .strictObject({
      graceSeconds: z
        .int()
        .min(0)
        .max(86_400)
        .default(600)
        .describe('How long uploads under way may go on when told to stop.'),
    })
    .prefault({})
    .describe('The end of the process.'),
  state: z
    .strictObject({
      redisUrlFile: path.describe(
        'A file that holds the redis:// or rediss:// address, with its password if it has one.',
      ),
    })
    .optional()
    .describe('What several instances share. Absent: the memory of this one.'),
  store: storeSchema
    .optional()
    .describe(
      'Where the record, the sessions and the other credentials are kept. Absent: SQLite files in data, of one instance.',
    ),
  log: z
    .strictObject({
      level: z
        .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
        .default('info')
        .describe('The least level that is written.'),
    })
    .prefault({})
    .describe('The log on standard output.'),
  page: pageSchema.prefault({}).describe('The page for people, at /ui/.'),
  api: z
    .strictObject({
      service: audience.optional().describe('Audience of the tokens of the API. Default: <service>/api.'),
    })
    .prefault({})
    .describe('The API for auditors.'),
});

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** warden.yaml as its keys stand there, with everything that has a default filled in. All paths are absolute. */
export type Settings = DeepReadonly<
  Omit<z.output<typeof settingsSchema>, 'service' | 'api' | 'transparency' | 'registry'> & {
    registry: z.output<typeof settingsSchema>['registry'] & { caKeyFile: string };
    /** The file that these were read from. */
    file: string;
    service: string;
    api: { service: string };
    transparency?: ReturnType<typeof transparencyAt>;
  }
>;
