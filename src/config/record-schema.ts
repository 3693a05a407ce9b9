/** The block `record` of warden.yaml: the room that the record needs, and pushes that broke off. */
import { z } from 'zod';

export const recordSchema = z.strictObject({
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
  timeoutSeconds: z
    .int()
    .min(1)
    .max(600)
    .default(10)
    .describe(
      'How long a push waits for the disk of the record; then pushes are refused until it answers. With a record in PostgreSQL it is store.timeoutSeconds.',
    ),
  settleSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(60)
    .describe('How long after a push broke off the registry is asked what became of it.'),
});
