/** The part of warden.yaml about certificates that clients show. */
import { z } from 'zod';
import { path } from './settings-values.ts';

/** Names that a proxy may use; nothing that HTTP or Warden give a meaning of their own. */
const HEADER = /^(?:client-cert|x-(?!forwarded-|request-id$|meta-)[a-z0-9]+(?:-[a-z0-9]+)*)$/;

export const clientCertificatesSchema = z.strictObject({
  caFile: path.describe(
    'PEM: every authority that signs certificates of clients, intermediate ones too. What is signed by another counts as no certificate.',
  ),
  crlFile: path
    .optional()
    .describe(
      'PEM: the lists of revoked certificates, one of each authority in caFile that signs; read again when it changes. Once one has ended, certificates of its authority count as none.',
    ),
  proxyHeader: z
    .string()
    .regex(HEADER, { error: 'expected client-cert (RFC 9440), or a name in lower case that begins with x-' })
    .optional()
    .describe(
      'The header in which a proxy of trustedProxies hands on the certificate that the client has shown it. From anybody else it is ignored. Absent: certificates behind a proxy are not looked at.',
    ),
});
