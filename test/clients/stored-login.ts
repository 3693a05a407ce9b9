/** A login that docker stored as an identity token, in the hands of the other clients. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createDocker } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import type { Driver } from './drivers/driver.ts';
import { newImage } from './matrix.ts';
import { ALICE, eventually, HANGS_MS, openSite, type Site } from './site.ts';

const MINUTE_MS = 60_000;

export function describeStoredLogin(drivers: readonly Driver[]): void {
  const needs = new Set(drivers.flatMap((driver) => driver.needs));
  describeNeeding(
    ['docker-registry', 'root', 'ip', 'nsenter', 'skopeo', 'dockerd', 'docker', ...needs],
    'the identity token that docker stored',
    () => {
      let site: Site;
      /** docker's file. */
      let stored: string;

      beforeAll(async () => {
        site = await openSite();
        const engine = site.keep(
          await startDockerd({ host: site.builder, insecureRegistries: [site.warden.address] }),
        );
        const folder = site.temp.at('docker');
        const docker = createDocker({
          folder,
          host: site.builder,
          socket: engine.socket,
          timeoutMs: HANGS_MS,
        });
        requireSuccess(await docker.login(site.warden.address, ALICE));
        stored = join(folder, 'config', 'config.json');
      }, 2 * MINUTE_MS);

      afterAll(async () => {
        await site?.stop();
      }, MINUTE_MS);

      /** Requests for a token that carried a form: with a refresh token, since nobody else posts one here. */
      const refreshes = (): number =>
        site.warden
          .logLines()
          .filter(
            ({ route, method, status, subject }) =>
              route === 'token' && method === 'POST' && status === 200 && subject === 'alice',
          ).length;

      /** How many there are, once there are more. The log may come a moment after the answer. */
      const more = (than: number): Promise<number> =>
        eventually(
          async () => refreshes(),
          (count) => expect(count).toBeGreaterThan(than),
        );

      it.each(drivers.map((driver) => [driver.name, driver] as const))(
        'is good for a push and a pull with %s',
        async (name, driver) => {
          expect(readFileSync(stored, 'utf8')).toContain('identitytoken');
          const folder = site.temp.at(`with-${name.replaceAll(' ', '-')}`);
          mkdirSync(join(folder, 'config'), { recursive: true });
          for (const file of ['auth.json', 'config/config.json']) copyFileSync(stored, join(folder, file));
          const hands = await driver.open(site, { folder, host: site.builder, timeoutMs: HANGS_MS });
          const repository = `team/${name.replaceAll(' ', '-')}`;
          const before = refreshes();
          requireSuccess(await hands.push(newImage(site), `${site.image(repository)}:v1`));
          const pushed = await more(before);
          requireSuccess(await hands.pull(`${site.image(repository)}:v1`));
          await more(pushed);
          expect(await site.pushes({ repository })).toMatchObject([
            { type: 'push.accepted', actor: { sub: 'alice', groups: ['ci'] } },
          ]);
        },
        20 * MINUTE_MS,
      );
    },
  );
}
