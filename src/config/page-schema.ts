/** The block `page` of warden.yaml. */
import { z } from 'zod';
import { signInSchema } from './sign-in-schema.ts';

export const pageSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether there is a page at /ui/.'),
  sessionHours: z.int().min(1).max(168).default(12).describe('How long somebody stays signed in to it.'),
  signIn: signInSchema
    .default([])
    .describe(
      'Issuers of OpenID Connect by which people sign in to the page, besides the users file and a directory. docs/sign-in.md',
    ),
});
