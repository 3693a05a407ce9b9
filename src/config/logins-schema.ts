/** The block `logins` of warden.yaml: limits of failed logins, and how long a good one is remembered. */
import { z } from 'zod';

export const loginsSchema = z.strictObject({
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
});
