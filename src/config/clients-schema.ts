/** The block `clients` of warden.yaml: what one client may hold, and for how long. */
import { z } from 'zod';

export const clientsSchema = z.strictObject({
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
});
