import { afterEach, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { ask } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { startScriptedRegistry } from '../upstream/scripted-registry.ts';
import { describeBodies } from './bodies.ts';
import { LARGE, openSite, pullOf, restartWith, type Site } from './site.ts';

describeBodies('accel', 2);

describeNeeding(['docker-registry', 'nginx'], 'X-Accel-Redirect', () => {
  let site: Site | undefined;
  afterEach(() => site?.stop());

  it('goes to the listed nginx alone, among several listed proxies', async () => {
    const [nginx, other] = ['127.0.0.1', '127.0.0.9'];
    site = await openSite({
      mode: 'accel',
      users: ['alice'],
      proxies: [nginx, other],
      offload: { proxies: [nginx] },
    });
    const pull = await pullOf(site, 'pub', await site.put('pub', LARGE));
    const forwarded = { 'x-forwarded-for': '127.0.0.50', 'x-forwarded-proto': 'https' };
    const byOther = await site.direct({ ...pull, from: other, headers: forwarded });
    expect(byOther.bytes).toHaveLength(LARGE);
    expect(byOther.headers).not.toHaveProperty('x-accel-redirect');
    const byNginx = await site.direct({ ...pull, from: nginx, headers: forwarded });
    expect(byNginx.headers['x-accel-redirect']).toMatch(
      /^\/warden-blobs\/sha256\/([0-9a-f]{2})\/\1[0-9a-f]{62}\/data$/,
    );
    expect(byNginx.bytes).toHaveLength(0);
  }, 60_000);

  it('of the registry reaches neither nginx nor a client', async () => {
    site = await openSite({ mode: 'accel' });
    const secret = await site.put('hidden', LARGE);
    const pull = await pullOf(site, 'pub', secret);
    const hex = secret.digest.slice('sha256:'.length);
    const wanted = `/warden-blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
    const registry = await startScriptedRegistry(({ socket, method }) => {
      const head = ['HTTP/1.1 200 OK', 'Content-Length: 2', `X-Accel-Redirect: ${wanted}`, '', ''];
      socket.write(head.join('\r\n') + (method === 'HEAD' ? '' : 'ok'));
    });
    try {
      await restartWith(site, { registry: { url: registry.url.origin } });
      for (const path of [pull.path, '/v2/pub/manifests/v1', '/v2/pub/tags/list']) {
        const through = await site.once({ ...pull, path });
        expect(through.bytes.includes(secret.bytes.subarray(0, 100))).toBe(false);
        const direct = await ask(site.front.place, { ...pull, path });
        expect(direct.headers).not.toHaveProperty('x-accel-redirect');
      }
      expect(registry.heads.filter((head) => head.includes('/blobs/')).length).toBeGreaterThan(0);
    } finally {
      await registry.stop();
    }
  }, 60_000);

  it('to an nginx that lacks the location ends at Warden, as an address that it does not know', async () => {
    const change = (text: string): string => {
      const changed = text.replace(/^ {2}location ~ "[\s\S]*?^ {2}\}\n/m, '');
      expect(changed).not.toContain('alias');
      return changed;
    };
    site = await openSite({ mode: 'accel', users: ['alice'], nginx: { change } });
    const reply = await site.through(await pullOf(site, 'pub', await site.put('pub', LARGE)));
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 404, code: 'NAME_UNKNOWN' });
    const { warden } = site.front;
    await eventually(
      () => warden.logLines().map((line) => line['error']),
      (errors) => errors.includes('ROUTE_UNKNOWN'),
    );
  }, 60_000);

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot(
    'for a file that nginx may not read is a fault of the proxy, not a refusal',
    async () => {
      site = await openSite({ mode: 'accel', users: ['alice'], nginx: { user: 'nobody nogroup' } });
      const reply = await site.through(await pullOf(site, 'pub', await site.put('pub', LARGE)));
      expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 502, code: 'UNAVAILABLE' });
    },
    60_000,
  );
});
