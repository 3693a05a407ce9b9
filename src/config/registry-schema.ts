/** The block `registry` of warden.yaml: the registry behind, and Warden’s own tokens for it. */
import { z } from 'zod';
import { audience, isAuthority, origin, path } from './settings-values.ts';

export const registrySchema = z.strictObject({
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
});
