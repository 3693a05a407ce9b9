import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { loadOffloadKey } from '../../src/token/offload-key.ts';
import { POLICY } from '../gate/front.ts';
import type { Blob } from '../gate/images.ts';
import { type Ask, ask } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { describeBodies } from './bodies.ts';
import { LARGE, openSite, pullOf, type Site } from './site.ts';

describeBodies('redirect', 2);

const SOMEBODY = '127.0.0.50';
const ANOTHER = '127.0.0.51';

describeNeeding(['docker-registry', 'nginx'], 'a signed address', () => {
  let site: Site;
  let blob: Blob;
  let pull: Ask;

  beforeAll(async () => {
    site = await openSite({ mode: 'redirect', users: ['alice'] });
    blob = await site.put('pub', LARGE);
    pull = { ...(await pullOf(site, 'pub', blob)), from: SOMEBODY };
  }, 60_000);
  afterAll(() => site?.stop());

  async function location(): Promise<string> {
    const { status, headers } = await site.once(pull);
    expect({ status, cache: headers['cache-control'] }).toEqual({ status: 307, cache: 'no-store' });
    return String(headers['location']);
  }
  const status = async (path: string, from = SOMEBODY): Promise<number> =>
    (await ask(site.nginx, { path, from })).status;

  it('is a path at the name that the client used, of the blob and the times alone', async () => {
    const hex = blob.digest.slice('sha256:'.length);
    const [path, query] = (await location()).split('?');
    expect(path).toBe(`/warden-blobs/sha256/${hex.slice(0, 2)}/${hex}/data`);
    expect(query).toMatch(/^expires=\d{10}&signature=[A-Za-z0-9_-]{22}$/);
  });

  it('is good without a token, for the client that it was made for', async () => {
    const path = await location();
    expect(await status(path)).toBe(200);
    expect(await status(path, ANOTHER)).toBe(403);
  });

  it.each<readonly [string, (path: string) => string]>([
    [
      'another blob',
      (path) => path.replace(/[0-9a-f]\/data/, (end) => (end[0] === '0' ? '1/data' : '0/data')),
    ],
    ['a later end', (path) => path.replace(/expires=\d+/, (text) => `expires=${Number(text.slice(8)) + 60}`)],
    ['another signature', (path) => path.replace(/signature=./, 'signature=_').replace(/_$/, '-')],
    ['no signature', (path) => path.replace(/&signature=.*/, '')],
    ['an empty signature', (path) => path.replace(/signature=.*/, 'signature=')],
    ['no end', (path) => path.replace(/expires=\d+&/, '')],
    ['nothing', (path) => path.replace(/\?.*/, '')],
  ])('is refused by nginx with %s', async (_what, change) => {
    const path = await location();
    const changed = change(path);
    expect(changed).not.toBe(path);
    const reply = await ask(site.nginx, { path: changed, from: SOMEBODY });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 403, code: 'DENIED' });
  });

  it('is refused when its time is over, and good until then', async () => {
    const loaded = loadOffloadKey(site.keyFile);
    if (!loaded.ok) throw new Error(loaded.problems[0]?.message);
    const [path = ''] = (await location()).split('?');
    const now = Math.floor(Date.now() / 1000);
    const until = (expires: number): string =>
      `${path}?expires=${expires}&signature=${loaded.key.sign(path, expires, SOMEBODY)}`;
    expect(await status(until(now + 60))).toBe(200);
    expect(await status(until(now - 1))).toBe(403);
  });

  it('does not show in a log, nor does the key', async () => {
    const path = await location();
    expect(await status(path)).toBe(200);
    const signature = String(path.split('signature=')[1]);
    const [, secret = ''] = /"(.*)"/.exec(readFileSync(site.keyFile, 'utf8')) ?? [];
    expect(secret.length).toBeGreaterThan(40);
    // The line of nginx is there, so what it leaves out is left out.
    expect(site.nginx.log()).toContain(`"GET ${path.split('?')[0]}" 200 ${LARGE}`);
    expect(site.front.warden.log()).toContain('"offload":"redirect"');
    for (const log of [site.nginx.log(), site.front.warden.log(), site.front.registry.log()]) {
      expect(log).not.toContain(signature);
      expect(log).not.toContain(secret);
    }
  });
});

describeNeeding(['docker-registry', 'nginx'], 'a signed address at an nginx apart', () => {
  let site: Site;
  let blob: Blob;

  beforeAll(async () => {
    const port = await freePort();
    site = await openSite({
      mode: 'redirect',
      users: ['alice'],
      proxies: [],
      offload: { location: `http://127.0.0.1:${port}/warden-blobs/` },
      nginx: { port },
    });
    blob = await site.put('pub', LARGE);
  }, 60_000);
  afterAll(() => site?.stop());

  it('is where all clients are sent, also those that come straight to Warden', async () => {
    const pull = { ...(await pullOf(site, 'pub', blob)), from: SOMEBODY };
    const { status, headers } = await site.direct(pull);
    expect(status).toBe(307);
    const { host, pathname, search } = new URL(String(headers['location']));
    expect(host).toBe(site.nginx.address);
    const path = pathname + search;
    const reply = await ask(site.nginx, { path, from: SOMEBODY });
    expect(reply.bytes.equals(blob.bytes)).toBe(true);
    expect((await ask(site.nginx, { path, from: ANOTHER })).status).toBe(403);
  });
});

describeNeeding(['docker-registry', 'nginx'], 'a signed address of a client by IPv6', () => {
  let site: Site;
  afterAll(() => site?.stop());

  it('is good for it', async () => {
    const policy = POLICY.replace('[127.0.0.0/8]', '[127.0.0.0/8, "::1"]');
    site = await openSite({ mode: 'redirect', users: ['alice'], policy, nginx: { host: '::1' } });
    const { path, token } = await pullOf(site, 'pub', await site.put('pub', LARGE));
    const { status, headers } = await site.once({ path, ...(token && { token }) });
    expect(status).toBe(307);
    const reply = await ask(site.nginx, { path: String(headers['location']) });
    expect(reply.bytes).toHaveLength(LARGE);
  }, 60_000);
});

describeNeeding(['docker-registry', 'nginx'], 'a signed address for anybody', () => {
  let site: Site;
  afterAll(() => site?.stop());

  it('is good at every address, where nginx is told the same', async () => {
    const change = (text: string): string => {
      const changed = text.replace('$uri$remote_addr $offload_key', '$uri $offload_key');
      expect(changed).not.toBe(text);
      return changed;
    };
    site = await openSite({
      mode: 'redirect',
      users: ['alice'],
      offload: { redirect: { bindAddress: false } },
      nginx: { change },
    });
    const pull = await pullOf(site, 'pub', await site.put('pub', LARGE));
    const { headers } = await site.once({ ...pull, from: SOMEBODY });
    const path = String(headers['location']);
    expect((await ask(site.nginx, { path, from: ANOTHER })).status).toBe(200);
    expect((await ask(site.nginx, { path: path.replace(/.$/, '~'), from: ANOTHER })).status).toBe(403);
  }, 60_000);
});
