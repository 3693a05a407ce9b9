/** A push that is refused in its middle, at the bytes of a large layer: policy was changed when the upload had begun. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { changeSettings } from '../support/warden.ts';
import type { Driver } from './drivers/driver.ts';
import { type HeldAnswer, openHoldingRelay } from './hold-answer.ts';
import { newImage } from './matrix.ts';
import { ALICE, eventually, HANGS_MS, MESSAGE, openSite, type Site, terminal } from './site.ts';

const LAYER_BYTES = 30 * 1024 * 1024;
const MINUTE_MS = 60_000;

export function describeRefusedLayer(drivers: readonly Driver[]): void {
  const needs = new Set(drivers.flatMap((driver) => driver.needs));
  describeNeeding(
    ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo', ...needs],
    'a layer of 30 MB that is refused when its upload has begun',
    () => {
      let site: Site;
      let relay: HeldAnswer;
      let policyFile: string;
      let policy: string;

      beforeAll(async () => {
        site = await openSite();
        relay = site.keep(await openHoldingRelay(site.warden.registry));
        changeSettings(site.warden.settingsFile, { registry: { url: relay.url } });
        await site.warden.restart();
        policyFile = join(site.warden.folder, 'policy.yaml');
        policy = readFileSync(policyFile, 'utf8');
      }, 2 * MINUTE_MS);

      afterAll(async () => {
        await site?.stop();
      }, MINUTE_MS);

      const changes = (): number =>
        site.warden.log().match(/another policy decides from now on/g)?.length ?? 0;

      async function putPolicy(text: string): Promise<void> {
        const before = changes();
        writeFileSync(policyFile, text);
        await eventually(
          async () => changes(),
          (count) => expect(count).toBeGreaterThan(before),
        );
      }

      it.each(drivers.map((driver) => [driver.name, driver] as const))(
        'shows the reason with %s',
        async (name, driver) => {
          const repository = `team/${name.replaceAll(' ', '-')}`;
          const folder = site.temp.at(`with-${name.replaceAll(' ', '-')}`);
          const hands = await driver.open(site, { folder, host: site.builder, timeoutMs: HANGS_MS });
          requireSuccess(await hands.login(ALICE));
          const image = newImage(site, { layerBytes: LAYER_BYTES });
          const started = relay.hold(new RegExp(`^POST /v2/${repository}/blobs/uploads/`));
          const pushed = hands.push(image, `${site.image(repository)}:v1`);
          await started;
          await putPolicy(policy.replace('- ci\n', '- others\n'));
          relay.release();
          const result = await pushed;
          await putPolicy(policy);
          expect(result.status).not.toBe(0);
          expect(terminal(result).replaceAll('\n', ' ')).toContain(MESSAGE);
          await eventually(
            async () => ['PATCH', 'PUT'].flatMap((method) => site.requests(method, 403)),
            (refused) =>
              expect(refused).toContainEqual(expect.objectContaining({ repository, action: 'push' })),
          );
          expect(await site.pushes({ repository, result: 'accepted' })).toEqual([]);
        },
        20 * MINUTE_MS,
      );
    },
  );
}
