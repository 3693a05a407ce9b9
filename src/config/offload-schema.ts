/** The block `offload` of warden.yaml: bodies of blobs that an nginx sends out of the registry's storage. */
import { z } from 'zod';
import { isAuthority, path, proxy } from './settings-values.ts';

/** One component or several, none of which nginx or a client would rewrite. */
const PLACE = /^\/(?:[a-z0-9][a-z0-9._-]*\/)+$/;
/** Addresses of Warden itself. */
const OURS = /^\/(?:v2|token|api)\//;

const location = z.string().refine(
  (text) => {
    const [, authority, place = text] = /^https?:\/\/([^/]+)(\/.*)$/.exec(text) ?? [];
    return (authority === undefined || isAuthority(authority)) && PLACE.test(place) && !OURS.test(place);
  },
  {
    error:
      'expected a path such as /warden-blobs/, in lower case, with a slash at both ends and not below /v2/, /token/ or /api/; or, for redirect, an address that ends in such a path',
  },
);

export const offloadSchema = z.strictObject({
  mode: z
    .enum(['accel', 'redirect'])
    .describe(
      'accel: the nginx in front is told by X-Accel-Redirect which file to send. redirect: the client is sent to a signed address at an nginx.',
    ),
  location: location
    .default('/warden-blobs/')
    .describe(
      'Where that nginx has the blobs. A path: at the nginx in front. An address such as https://blobs.corp/warden-blobs/ (redirect only): at another one, which all clients reach.',
    ),
  proxies: z
    .array(proxy)
    .min(1)
    .optional()
    .describe(
      'Which of trustedProxies are such an nginx. Default: all. Who comes by another way gets the body from Warden.',
    ),
  minimumKilobytes: z
    .int()
    .min(0)
    .max(1_048_576)
    .default(64)
    .describe('Bodies below so many times 1024 bytes go through Warden.'),
  redirect: z
    .strictObject({
      keyFile: path.describe(
        'The key of the signatures, as the line that nginx includes. `warden keys init` makes it.',
      ),
      validSeconds: z
        .int()
        .min(10)
        .max(3600)
        .default(120)
        .describe('How long after the redirect a transfer may begin.'),
      bindAddress: z
        .boolean()
        .default(true)
        .describe(
          'Whether the address is good for the client’s own address only; nginx must be told the same.',
        ),
    })
    .optional()
    .describe('For mode redirect, which needs it.'),
});
