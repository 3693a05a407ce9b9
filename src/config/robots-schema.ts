/** The settings of the credentials of machines: robots, and the grants that builds get for one job. */
import { z } from 'zod';

export const robotsSchema = z.strictObject({
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
});

export const grantsSchema = z.strictObject({
  usualMinutes: z.int().min(1).max(10_080).default(60).describe('How long a grant lasts that does not say.'),
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
});
