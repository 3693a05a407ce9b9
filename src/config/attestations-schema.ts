/** The block `attestations` of warden.yaml: what Warden signs of its own record. */
import { z } from 'zod';
import { path } from './settings-values.ts';

export const attestationsSchema = z.strictObject({
  keyFile: path.describe(
    'The key that attestations are signed with, ECDSA on P-256; `warden keys init` makes it. Used for nothing else.',
  ),
  levelPrefix: z
    .string()
    .regex(
      /^(?!SLSA_)[A-Z][A-Z0-9_]*$/,
      'expected capitals, digits and _, and no name that begins with SLSA_',
    )
    .default('WARDEN')
    .describe('Begins the names of the levels in verification summaries.'),
});
