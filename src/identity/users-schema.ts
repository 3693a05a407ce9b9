/** The shape of the users file. */
import { z } from 'zod';

/** Names are compared as they are: one spelling, no capitals, nothing that a path, a log or a glob could misread. */
export const NAME = /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/;
/**
 * Cost 4 to 16: below is no hash that was ever made, above takes seconds for each login. Salt and hash end in a
 * character whose spare bits are zero; the verifier knows no others, and would refuse every password.
 */
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|1[0-6])\$[./A-Za-z0-9]{21}[.Oeu][./A-Za-z0-9]{30}[.CGKOSWaeimquy26]$/;

const name = z.string().regex(NAME, {
  error: 'expected a name of at most 64 characters: a-z, 0-9, and between them . _ @ -',
});

const user = z.strictObject({
  password: z
    .string()
    .regex(BCRYPT, { error: 'expected a bcrypt hash of cost 4 to 16, as `warden user passwd` writes it' })
    .describe('Hash of the password: bcrypt, as `warden user` or `htpasswd -B` makes it.'),
  groups: z
    .array(name)
    .max(64)
    .default([])
    .describe('What rules of the policy may name under `who: { groups: … }`.'),
});

/** `users: { alice: { password: "$2b$12$…", groups: [ci] } }` */
export const UsersFile = z.strictObject({
  users: z.record(name, user).describe('Names of users, each with a password and groups.'),
});
export type UsersFile = z.infer<typeof UsersFile>;
