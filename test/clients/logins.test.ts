import { createSkopeo } from '../support/clients.ts';
import { describeLogins } from './logins.ts';
import { HANGS_MS } from './site.ts';

// logins.full.test.ts has all.
describeLogins(
  'skopeo',
  ['skopeo'],
  async ({ temp, builder, certificates }) =>
    createSkopeo({ folder: temp.at('skopeo'), host: builder, certificates, timeoutMs: HANGS_MS }),
  ['a push grant', 'the certificate of its machine alone'],
);
