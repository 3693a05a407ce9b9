/** The block `forward` of warden.yaml: where else the records go. */
import { z } from 'zod';
import { isAuthority, path } from './settings-values.ts';

const name = z.string().regex(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/, {
  error: 'expected up to 32 small letters, digits and dashes; it stands in metrics',
});

const address = z.string().refine(
  (text) => {
    const [, authority = '', place = ''] = /^https?:\/\/([^/]+)(\/.*)?$/.exec(text) ?? [];
    return isAuthority(authority) && /^[\x21\x24-\x7e]*$/.test(place);
  },
  {
    error:
      'expected http:// or https://, a host in lower case, a port if it is not the usual one, and a path without #',
  },
);

const file = z.strictObject({
  path: path.describe('The file. It is made where it is missing; it may be moved away at any time.'),
});

const syslog = z.strictObject({
  host: z
    .string()
    .refine((text) => isAuthority(text.includes(':') ? `[${text}]` : text), {
      error: 'expected a host in lower case or an address',
    })
    .describe('The syslog server. With tls its certificate must be for this name.'),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .default(6514)
    .describe('Its port: by custom 6514 with TLS and 514 without.'),
  tls: z
    .strictObject({
      caFile: path.optional().describe('PEM: the CA of the server. Absent: those that come with Node.'),
      certificateFile: path
        .optional()
        .describe('PEM: the certificate that Warden shows, where the server asks for one.'),
      keyFile: path.optional().describe('PEM: its private key.'),
    })
    .optional()
    .describe('Absent: TCP in the clear.'),
  facility: z
    .int()
    .min(0)
    .max(23)
    .default(13)
    .describe('The number of the facility: 13 is log audit, 16 to 23 are local0 to local7.'),
  maximumBytes: z
    .int()
    .min(2048)
    .max(65_536)
    .default(8192)
    .describe('Of a message. In a longer one, what clients claim is left out, which `cut` in it says.'),
});

const webhook = z.strictObject({
  url: address.describe('Where the events are sent with POST. http:// to this machine only.'),
  secretFile: path
    .optional()
    .describe('A file that holds the secret of the signatures: one line, whsec_ and random bytes in base64.'),
  caFile: path.optional().describe('PEM: the CA of the server. Absent: those that come with Node.'),
  eventsPerRequest: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe('1: one CloudEvent in a request. More: batches, for receivers that take them.'),
});

const forwardTo = z.strictObject({
  name: name.describe(
    'What the destination is called in the log, in metrics, and by its cursor: a new name begins anew.',
  ),
  types: z
    .array(
      z.string().regex(/^[a-z]+(?:\.[a-z-]+|\.\*)$/, {
        error: 'expected a type of record such as push.accepted, or push.*',
      }),
    )
    .min(1)
    .optional()
    .describe('The types of records that go there, `push.*` for all that begin so. Absent: all.'),
  from: z
    .enum(['start', 'now'])
    .default('now')
    .describe('Where it begins: with the first record of the log, or with the next one.'),
  timeoutSeconds: z.int().min(1).max(60).default(20).describe('How long a connection or an answer may take.'),
  file: file.optional().describe('Lines of JSON in a file.'),
  syslog: syslog.optional().describe('Messages of RFC 5424 over TCP or TLS.'),
  webhook: webhook.optional().describe('CloudEvents over HTTP.'),
});

export const forwardSchema = z.array(forwardTo).max(16);

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;
export type ForwardTo = DeepReadonly<z.output<typeof forwardTo>>;

/** With its paths made whole by `at`. */
export function forwardFilesAt(to: ForwardTo, at: (path: string) => string): ForwardTo {
  const { file, syslog, webhook } = to;
  const tls = syslog?.tls;
  return {
    ...to,
    ...(file && { file: { path: at(file.path) } }),
    ...(syslog && {
      syslog: {
        ...syslog,
        ...(tls && {
          tls: {
            ...(tls.caFile !== undefined && { caFile: at(tls.caFile) }),
            ...(tls.certificateFile !== undefined && { certificateFile: at(tls.certificateFile) }),
            ...(tls.keyFile !== undefined && { keyFile: at(tls.keyFile) }),
          },
        }),
      },
    }),
    ...(webhook && {
      webhook: {
        ...webhook,
        ...(webhook.secretFile !== undefined && { secretFile: at(webhook.secretFile) }),
        ...(webhook.caFile !== undefined && { caFile: at(webhook.caFile) }),
      },
    }),
  };
}
