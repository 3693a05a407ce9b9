/**
 * The shape of warden.yaml. Unknown keys are errors, so that a misspelt key of security is not silent. Units are in the
 * names of keys; every key has a description, from which its documentation is made.
 */
import { z } from 'zod';
import { canonicalAddress } from '../policy/address.ts';
import { clientCertificatesSchema } from './client-certificates-schema.ts';
import { forwardSchema } from './forward-schema.ts';
import { ldapSchema } from './ldap-schema.ts';
import { offloadSchema } from './offload-schema.ts';
import { oidcSchema } from './oidc-schema.ts';
import { reconcileSchema } from './reconcile-schema.ts';
import { isAuthority, path, proxy } from './settings-values.ts';
import { storeSchema } from './store-schema.ts';
import { type transparencyAt, transparencySchema } from './transparency-schema.ts';

const origin = z.string().refine(
  (text) => {
    const [, authority = ''] = /^https?:\/\/(.+)$/.exec(text) ?? [];
    return isAuthority(authority);
  },
  {
    error:
      'expected http:// or https://, a host in lower case, and a port if it is not the usual one; nothing behind',
  },
);

const port = z.int().min(0).max(65_535);
const address = z.string().refine((text) => canonicalAddress(text) === text, {
  error: 'expected an address such as 127.0.0.1, 0.0.0.0 or ::1; names are not looked up here',
});

/** Stands between quotes in a header, and as a claim in tokens. */
const audience = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, {
  error: 'expected printable ASCII without blanks, quotes and backslashes',
});

const listener = { host: address, port };

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
  listen: z
    .strictObject({
      host: listener.host
        .default('127.0.0.1')
        .describe('Address to listen on; 0.0.0.0 for all of IPv4, :: for all.'),
      port: listener.port.default(5000).describe('Port to listen on; 0 takes a free one.'),
      tls: z
        .strictObject({
          certificateFile: path.describe(
            'PEM: the certificate of publicUrl’s host, then those that lead to the CA.',
          ),
          keyFile: path.describe('PEM: its private key.'),
        })
        .optional()
        .describe('Absent: plain HTTP, for a proxy that terminates TLS or for clients on this machine.'),
    })
    .prefault({})
    .describe('Where clients connect.'),
  clients: z
    .strictObject({
      headSeconds: z
        .int()
        .min(1)
        .max(600)
        .default(60)
        .describe(
          'How long a TLS handshake may take, and the head of a request from its first byte, or from the start of a new connection. Then: 408.',
        ),
      bodySeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(60)
        .describe('How long a manifest or a token request may take to come whole. Then: 408.'),
      idleSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(300)
        .describe(
          'A pull or an upload of which less than 64 KiB moved in so long is cut: no link is so slow, and a byte now and then would hold a connection for ever. A transfer as a whole may take as long as it takes.',
        ),
      keepAliveSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(75)
        .describe(
          'How long a connection may wait for its next request. Clients reuse connections after pauses of half a minute; one that is closed early looks like a failure to them.',
        ),
      requestsPerAddress: z
        .int()
        .min(1)
        .max(2048)
        .default(1024)
        .describe(
          'Requests of one address under way; more get 429. Half of the connections to the registry, so that nobody takes all. A /64 network of IPv6 is one address.',
        ),
      connectionsPerAddress: z
        .int()
        .min(1)
        .max(65_536)
        .default(2048)
        .describe(
          'Connections of one address that are open, idle ones too; more are closed at once. Those of trustedProxies are not counted.',
        ),
    })
    .prefault({})
    .describe('What one client may hold, and for how long.'),
  operations: z
    .strictObject({
      host: listener.host
        .default('127.0.0.1')
        .describe('Address to listen on. Whoever reaches it reads the metrics.'),
      port: listener.port.default(9464).describe('Port to listen on; 0 takes a free one.'),
    })
    .prefault({})
    .describe('Where health and metrics are asked for.'),
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
  registry: z
    .strictObject({
      url: origin.describe('Where docker-registry listens: a loopback address, or https.'),
      issuer: audience.default('registry-warden').describe('auth.token.issuer of the registry.'),
      service: audience.default('docker-registry').describe('auth.token.service of the registry.'),
      keyFile: path.describe(
        'PEM: the private key that signs Warden’s own tokens for the registry. Another than tokens.keyFile.',
      ),
      certificateFile: path.describe(
        'PEM: what auth.token.rootcertbundle of the registry holds: the certificate of a CA for keyFile, as `warden keys init` makes it, or the certificate of keyFile itself.',
      ),
      caKeyFile: path
        .optional()
        .describe(
          'PEM: the private key of that CA. With it Warden renews keyFile in time; it may be kept elsewhere, and brought for `warden keys rotate --registry`. Default: keyFile with -ca in its name, upstream-ca.pem for upstream.pem.',
        ),
      keyHeader: z
        .enum(['x5c', 'kid'])
        .default('x5c')
        .describe(
          'How Warden’s tokens name their key to the registry. x5c: by its certificate, for a registry with rootcertbundle. kid: by its name in the auth.token.jwks of distribution 3, which `warden keys jwks --registry` writes.',
        ),
      deletes: z.boolean().default(false).describe('true where the registry has storage.delete.enabled.'),
      redirectHosts: z
        .array(
          z.string().refine(isAuthority, {
            error: 'expected a host in lower case, with a port if not the usual one',
          }),
        )
        .default([])
        .describe('Hosts of the storage to which the registry may send clients for blobs.'),
      responseTimeoutSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(60)
        .describe('How long the registry may take to begin its answer once it has the whole request.'),
      connectTimeoutSeconds: z
        .int()
        .min(1)
        .max(600)
        .default(10)
        .describe('How long a connection to the registry may take to be made, its TLS handshake included.'),
      commitTimeoutSeconds: z
        .int()
        .min(1)
        .max(86_400)
        .default(1800)
        .describe(
          'The same as responseTimeoutSeconds for the content of an upload: the registry hashes, and on some storage copies, the whole blob before it says a word.',
        ),
    })
    .describe('The registry behind.'),
  offload: offloadSchema
    .optional()
    .describe(
      'Bodies of blobs sent by an nginx that reads the registry’s storage. Absent: all go through Warden. docs/trust.md says what it goes round.',
    ),
  tokens: z
    .strictObject({
      issuer: audience.default('registry-warden').describe('The iss of the tokens of clients.'),
      algorithm: z
        .enum(['ES256', 'RS256'])
        .default('ES256')
        .describe('How they are signed; the key must fit.'),
      keyFile: path.describe('PEM: the private key that signs them. Another than registry.keyFile.'),
      lifetimeSeconds: z.int().min(60).max(3600).default(300).describe('How long a token is valid.'),
    })
    .describe('The tokens of clients.'),
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
  sessions: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether clients may stay logged in with a refresh token.'),
      idleDays: z.int().min(1).max(3650).default(30).describe('A session that is not used for so long ends.'),
      absoluteDays: z
        .int()
        .min(1)
        .max(3650)
        .default(180)
        .describe('A session ends after so long in any case.'),
      bind: z
        .union([
          z.enum(['none', 'address']),
          z.strictObject({ ipv4Bits: z.int().min(8).max(32), ipv6Bits: z.int().min(16).max(128) }),
        ])
        .default('none')
        .describe(
          'Where a session may be used that was begun at one address. none: anywhere, which suits laptops and builders behind changing addresses. address: there alone. { ipv4Bits: 24, ipv6Bits: 64 }: at addresses that share so many leading bits with it. Counts for sessions that were begun before, too.',
        ),
    })
    .prefault({})
    .describe('Sessions of clients.'),
  logins: z
    .strictObject({
      failuresPerMinute: z
        .strictObject({
          byAddress: z.int().min(1).default(30).describe('From one address.'),
          byUserAndAddress: z.int().min(1).default(10).describe('For one user from one address.'),
          overall: z
            .int()
            .min(1)
            .default(300)
            .describe(
              'From everywhere together. Above it, those go on who come from a host of the policy, or have logged in as this user from there in the last 30 days.',
            ),
        })
        .prefault({})
        .describe('Failed logins above this are answered with 429, without a look at the password.'),
      rememberSeconds: z
        .int()
        .min(0)
        .max(3600)
        .default(60)
        .describe('How long a password that was right is not hashed again. 0: always hash.'),
    })
    .prefault({})
    .describe('Limits of logins.'),
  robots: z
    .strictObject({
      maximumDays: z.int().min(1).max(3650).default(365).describe('A robot expires after so long at most.'),
      maximumOverlapHours: z
        .int()
        .min(0)
        .max(8760)
        .default(168)
        .describe('For how long the secret before may count besides a new one.'),
      warnDays: z
        .int()
        .min(1)
        .max(365)
        .default(14)
        .describe('A robot that expires sooner is told of in the log, once a day.'),
    })
    .prefault({})
    .describe('Accounts of machines. docs/robots.md'),
  grants: z
    .strictObject({
      usualMinutes: z
        .int()
        .min(1)
        .max(10_080)
        .default(60)
        .describe('How long a grant lasts that does not say.'),
      maximumMinutes: z.int().min(1).max(10_080).default(480).describe('How long a grant may last.'),
      approvalMinutes: z
        .int()
        .min(1)
        .max(43_200)
        .default(1440)
        .describe('A grant that needs an approval ends when it has none by then.'),
      openPerOwner: z
        .int()
        .min(1)
        .max(1000)
        .default(100)
        .describe('Grants of one owner that may be open or pending at once; more are refused with 429.'),
    })
    .prefault({})
    .describe('Push grants: passwords for one job. docs/jenkins.md'),
  oidc: oidcSchema
    .default([])
    .describe(
      'Issuers whose id tokens builds may send as password: Jenkins, GitLab CI, GitHub Actions, or any other that speaks OpenID Connect. docs/oidc.md has examples.',
    ),
  record: z
    .strictObject({
      minimumFreeMegabytes: z
        .int()
        .min(1)
        .default(64)
        .describe('With less room on the disk of the record, pushes are refused and pulls go on.'),
      warnFreeMegabytes: z
        .int()
        .min(1)
        .default(1024)
        .describe('With less room there, the log, the metrics and /readyz/push warn.'),
      warnDays: z
        .int()
        .min(0)
        .max(365)
        .default(7)
        .describe('They warn too where the room will not do for so long, at the rate of the last day.'),
      settleSeconds: z
        .int()
        .min(1)
        .max(3600)
        .default(60)
        .describe('How long after a push broke off the registry is asked what became of it.'),
    })
    .prefault({})
    .describe('The record of pushes.'),
  reconcile: reconcileSchema,
  forward: forwardSchema
    .default([])
    .describe('Where else the records go: files, syslog servers, webhooks. docs/forwarding.md'),
  transparency: transparencySchema
    .optional()
    .describe(
      'The signed tree of the record, by which anyone can prove it unaltered. Absent: there is none. docs/transparency.md',
    ),
  attestations: z
    .strictObject({
      keyFile: path.describe(
        'The key that attestations are signed with, ECDSA on P-256; `warden keys init` makes it. Used for nothing else.',
      ),
      levelPrefix: z
        .string()
        .regex(
          /^(?!SLSA_)[A-Z][A-Z0-9_]*$/,
          'expected capitals, digits and _, and no name that begins with SLSA_',
        )
        .default('WARDEN')
        .describe('Begins the names of the levels in verification summaries.'),
    })
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
  page: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether there is a page at /ui/.'),
      sessionHours: z.int().min(1).max(168).default(12).describe('How long somebody stays signed in to it.'),
    })
    .prefault({})
    .describe('The page for people, at /ui/.'),
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
