import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { loadSettings } from '../../src/config/settings.ts';
import { describeProblem } from '../../src/config/yaml.ts';

const LEAST = `publicUrl: http://127.0.0.1:5000
registry: { url: "http://127.0.0.1:5001", keyFile: up.key, certificateFile: up.pem }
tokens: { keyFile: tokens.key }
`;
const PROXIED = `${LEAST}trustedProxies: [10.0.0.0/24]\n`;
const SIGNED = 'redirect: { keyFile: offload.conf }';

async function load(text: string) {
  const loaded = await loadSettings('/etc/warden/warden.yaml', async () => ({ ok: true, text }));
  return loaded.ok
    ? { offload: loaded.settings.offload, problems: [] }
    : { offload: undefined, problems: loaded.problems.map(describeProblem) };
}

describe('the block offload', () => {
  it('is off where it is not there', async () => {
    expect(await load(PROXIED)).toEqual({ offload: undefined, problems: [] });
  });

  it('needs little for accel', async () => {
    expect(await load(`${PROXIED}offload: { mode: accel, proxies: [10.0.0.9] }`)).toEqual({
      offload: { mode: 'accel', location: '/warden-blobs/', proxies: ['10.0.0.9'], minimumKilobytes: 64 },
      problems: [],
    });
  });

  it('needs a key for redirect, with its path from the folder of the file', async () => {
    const { offload } = await load(`${PROXIED}offload: { mode: redirect, ${SIGNED} }`);
    expect(offload?.redirect).toEqual({
      keyFile: '/etc/warden/offload.conf',
      validSeconds: 120,
      bindAddress: true,
    });
  });

  it('needs no proxy where blobs have an address of their own', async () => {
    const location = 'location: "http://blobs.corp:81/b/"';
    expect((await load(`${LEAST}offload: { mode: redirect, ${location}, ${SIGNED} }`)).problems).toEqual([]);
  });

  it('is taken as docs/operating.md has it', async () => {
    const text = readFileSync(new URL('../offload/operating.yaml', import.meta.url), 'utf8');
    expect(await load(text)).toMatchObject({ problems: [], offload: { mode: 'redirect' } });
  });

  it.each([
    ['no mode', PROXIED, 'location: /b/', 'offload.mode: expected one of accel, redirect'],
    ['another mode', PROXIED, 'mode: sendfile', 'offload.mode: expected one of accel, redirect'],
    ['an unknown key', PROXIED, 'mode: accel, root: /srv', 'unknown key `root`'],
    ['accel without a proxy', LEAST, 'mode: accel', 'offload.mode: there is no proxy in trustedProxies'],
    [
      'redirect to the nginx in front without a proxy',
      LEAST,
      `mode: redirect, ${SIGNED}`,
      'offload.mode: there is no proxy in trustedProxies',
    ],
    ['redirect without a key', PROXIED, 'mode: redirect', 'offload.redirect: is missing: without'],
    ['accel with a key', PROXIED, `mode: accel, ${SIGNED}`, 'offload.redirect: nothing is signed with accel'],
    [
      'accel with an address',
      PROXIED,
      'mode: accel, location: "http://b.corp/b/"',
      'offload.location: accel names a path of the nginx in front',
    ],
    [
      'a proxy that is not believed',
      PROXIED,
      'mode: accel, proxies: [10.0.0.1, 10.0.1.1]',
      'offload.proxies[1]: 10.0.1.1 is not in trustedProxies',
    ],
    [
      'a proxy that is wider than those believed',
      PROXIED,
      'mode: accel, proxies: [10.0.0.0/23]',
      'offload.proxies[0]: 10.0.0.0/23 is not in trustedProxies',
    ],
    ['every proxy', PROXIED, 'mode: accel, proxies: ["*"]', '"*" would believe every client'],
    [
      'proxies beside an address',
      PROXIED,
      `mode: redirect, location: "http://b.corp/b/", proxies: [10.0.0.1], ${SIGNED}`,
      'offload.proxies: says nothing beside a location that is an address',
    ],
    [
      'an address of Warden itself',
      LEAST,
      `mode: redirect, location: "http://127.0.0.1:5000/b/", ${SIGNED}`,
      'offload.location: this is where Warden itself is reached',
    ],
    [
      'a part of a minute',
      PROXIED,
      'mode: redirect, redirect: { keyFile: k, validSeconds: 5 }',
      'at least 10',
    ],
    ...[
      'blobs',
      '/blobs',
      'blobs/',
      '/',
      '/v2/x/',
      '/token/',
      '/api/',
      '/a/../b/',
      '/a//b/',
      '/Blobs/',
      '/a b/',
    ].map(
      (text) =>
        [
          `the place ${text}`,
          PROXIED,
          `mode: accel, location: "${text}"`,
          'offload.location: expected a path such as /warden-blobs/',
        ] as const,
    ),
    ...[
      'http://u:p@b.corp/b/',
      'http://B.corp/b/',
      'http://b.corp',
      'ftp://b.corp/b/',
      'http://b.corp/b/?x/',
    ].map(
      (text) =>
        [
          `the address ${text}`,
          PROXIED,
          `mode: redirect, location: "${text}", ${SIGNED}`,
          'offload.location: expected a path such as /warden-blobs/',
        ] as const,
    ),
  ])('is refused with %s', async (_what, rest, block, wanted) => {
    const { problems } = await load(`${rest}offload: { ${block} }\n`);
    expect(problems.join('\n')).toContain(wanted);
  });

  it('is refused where it would send blobs of a registry over TLS without', async () => {
    const rest = PROXIED.replace('http://127.0.0.1:5000', 'https://r.corp');
    const block = `offload: { mode: redirect, location: "http://r.corp:81/b/", ${SIGNED} }`;
    expect((await load(rest + block)).problems).toEqual([
      expect.stringContaining('offload.location: is http where publicUrl is https'),
    ]);
  });
});
