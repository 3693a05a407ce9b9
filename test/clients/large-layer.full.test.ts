import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createSkopeo } from '../support/clients.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { ALICE, openSite, type Site } from './site.ts';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
/** Buffers of both sides, and what the garbage collector lets stand; far below the size of the layer. */
const GROWTH_LIMIT_BYTES = 200 * MIB;
const MINUTE_MS = 60_000;

/** The most memory that the process has had resident since the mark was last reset. */
function peakBytes(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

describeNeeding(['docker-registry', 'root', 'ip', 'nsenter', 'skopeo'], 'a layer of 1 GiB', () => {
  let site: Site;

  beforeAll(async () => {
    site = await openSite();
  }, 2 * MINUTE_MS);

  afterAll(async () => {
    await site?.stop();
  }, MINUTE_MS);

  it(
    'goes through in both directions in flat memory',
    async () => {
      const timeoutMs = 5 * MINUTE_MS;
      const layout = site.newLayout();
      const small = layout.image({}, 'small');
      layout.image({ layerBytes: GIB, fill: 'zeros' }, 'large');
      const builder = createSkopeo({ folder: site.temp.at('builder'), host: site.builder, timeoutMs });
      const laptop = createSkopeo({ folder: site.temp.at('laptop'), host: site.laptop, timeoutMs });
      requireSuccess(await builder.login(site.warden.address, ALICE));
      const image = (tag: string): string => `${site.image('team/large')}:${tag}`;
      // What every push costs is there before the mark is read.
      requireSuccess(await builder.push(layout.reference('small'), image('small')));
      requireSuccess(await laptop.pull(image('small')));
      const before = peakBytes(site.warden.pid());

      requireSuccess(await builder.push(layout.reference('large'), image('large')));
      const pushed = peakBytes(site.warden.pid());
      requireSuccess(await laptop.pull(image('large')));
      const pulled = peakBytes(site.warden.pid());

      expect(pushed - before).toBeLessThan(GROWTH_LIMIT_BYTES);
      expect(pulled - before).toBeLessThan(GROWTH_LIMIT_BYTES);
      const [large, first] = await site.pushes({ repository: 'team/large' });
      expect(first).toMatchObject({ subject: { digest: small.digest } });
      expect(large).toMatchObject({ type: 'push.accepted', subject: { layers: 1 } });
      expect(large?.type === 'push.accepted' && large.subject.layerBytes).toBeGreaterThan(GIB);
      console.log(
        `resident at most: ${[before, pushed, pulled].map((bytes) => Math.round(bytes / MIB)).join(', ')} MiB`,
      );
    },
    10 * MINUTE_MS,
  );
});
