/** The settings of what clients get for a login: tokens, and the sessions that get them new ones. */
import { z } from 'zod';
import { audience, path } from './settings-values.ts';

export const tokensSchema = z.strictObject({
  issuer: audience.default('registry-warden').describe('The iss of the tokens of clients.'),
  algorithm: z.enum(['ES256', 'RS256']).default('ES256').describe('How they are signed; the key must fit.'),
  keyFile: path.describe('PEM: the private key that signs them. Another than registry.keyFile.'),
  lifetimeSeconds: z.int().min(60).max(3600).default(300).describe('How long a token is valid.'),
});

export const sessionsSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether clients may stay logged in with a refresh token.'),
  idleDays: z.int().min(1).max(3650).default(30).describe('A session that is not used for so long ends.'),
  absoluteDays: z.int().min(1).max(3650).default(180).describe('A session ends after so long in any case.'),
  bind: z
    .union([
      z.enum(['none', 'address']),
      z.strictObject({ ipv4Bits: z.int().min(8).max(32), ipv6Bits: z.int().min(16).max(128) }),
    ])
    .default('none')
    .describe(
      'Where a session may be used that was begun at one address. none: anywhere, which suits laptops and builders behind changing addresses. address: there alone. { ipv4Bits: 24, ipv6Bits: 64 }: at addresses that share so many leading bits with it. Counts for sessions that were begun before, too.',
    ),
});
