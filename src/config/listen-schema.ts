/** The addresses that Warden listens on: the registry’s, and that of health and metrics. */
import { z } from 'zod';
import { address, path, port } from './settings-values.ts';

export const listenSchema = z.strictObject({
  host: address.default('127.0.0.1').describe('Address to listen on; 0.0.0.0 for all of IPv4, :: for all.'),
  port: port.default(5000).describe('Port to listen on; 0 takes a free one.'),
  tls: z
    .strictObject({
      certificateFile: path.describe(
        'PEM: the certificate of publicUrl’s host, then those that lead to the CA.',
      ),
      keyFile: path.describe('PEM: its private key.'),
    })
    .optional()
    .describe('Absent: plain HTTP, for a proxy that terminates TLS or for clients on this machine.'),
});

export const operationsSchema = z.strictObject({
  host: address.default('127.0.0.1').describe('Address to listen on. Whoever reaches it reads the metrics.'),
  port: port.default(9464).describe('Port to listen on; 0 takes a free one.'),
});
