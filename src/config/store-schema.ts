/** The block `store` of warden.yaml: a PostgreSQL database that several instances share. */
import { z } from 'zod';
import { path } from './settings-values.ts';

export const storeSchema = z.strictObject({
  postgresUrlFile: path.describe(
    'A file that holds one line: postgresql://user:password@host[:port]/database, parts percent-encoded. The connection is encrypted and the server’s certificate checked, but on loopback and sockets (?host=/run/postgresql); ?sslmode=disable or verify-full says otherwise.',
  ),
  caFile: path
    .optional()
    .describe('PEM: the CA of the database’s certificate. Absent: those that the machine knows.'),
  connections: z
    .int()
    .min(2)
    .max(100)
    .default(8)
    .describe(
      'Connections of one instance for all but the push log, which has four of its own, and the index of the record, which has six.',
    ),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(5)
    .describe(
      'How long the database may take for a connection, a statement or a lock. Then pushes are refused until it answers; pulls go on.',
    ),
  leaseSeconds: z
    .int()
    .min(3)
    .max(600)
    .default(15)
    .describe(
      'An instance that was not heard of for so long is taken for dead, and the others settle the pushes that it left open.',
    ),
  waitSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(10)
    .describe('How long a push waits for one of the same tag at another instance. Then: 503, try again.'),
});
