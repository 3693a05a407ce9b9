import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Client, createDocker, createSkopeo } from '../support/clients.ts';
import { startDockerd } from '../support/dockerd.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { newImage } from './matrix.ts';
import { ALICE, HANGS_MS, MESSAGE, openSite, type Site, terminal } from './site.ts';

export function describeDockerManifest(version: 2 | 3): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'skopeo', 'dockerd', 'docker'],
    `docker manifest, which works without the engine, with a registry of version ${version}`,
    () => {
      let site: Site;
      let onBuilder: Client;
      let onLaptop: Client;
      let parts: readonly string[];

      beforeAll(async () => {
        site = await openSite({ version });
        const engine = site.keep(
          await startDockerd({ host: site.builder, insecureRegistries: [site.warden.address] }),
        );
        // The same engine, asked from two hosts.
        const make = (host: Site['builder']): Client =>
          createDocker({ folder: site.temp.at(host.name), host, socket: engine.socket, timeoutMs: HANGS_MS });
        onBuilder = make(site.builder);
        onLaptop = make(site.laptop);
        const skopeo = createSkopeo({ folder: site.temp.at('skopeo'), host: site.builder });
        requireSuccess(await skopeo.login(site.warden.address, ALICE));
        parts = ['team/one', 'team/two'].map((repository) => `${site.image(repository)}:v1`);
        for (const part of parts) requireSuccess(await skopeo.push(newImage(site).reference, part));
      }, 120_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      it('makes an index of images from other repositories: what they are of is mounted', async () => {
        const list = `${site.image('team/list')}:v1`;
        requireSuccess(await onBuilder.login(site.warden.address, ALICE));
        requireSuccess(await onBuilder.run(['manifest', 'create', '--insecure', list, ...parts]));
        requireSuccess(await onBuilder.run(['manifest', 'push', '--insecure', list]));
        const records = await acceptedInto(site, 'team/list');
        const [index, ...children] = records.toReversed();
        expect(index?.subject.children?.map(({ digest }) => digest).toSorted()).toEqual(
          children.map(({ subject }) => subject.digest).toSorted(),
        );
        // Each step fetches a token of its own, and what has another token is another push.
        expect(new Set(records.map(({ push }) => push)).size).toBe(records.length);
        expect(children.map(({ mounted }) => mounted?.[0]?.from).toSorted()).toEqual([
          'team/one',
          'team/two',
        ]);
        for (const { peer } of records) {
          expect(peer).toMatchObject({
            ip: site.builder.address,
            ua: expect.stringMatching(/^Docker-Client\//),
          });
        }
      });

      it('is refused on a host that may not push, though its engine stands on one that may', async () => {
        const list = `${site.image('team/refused')}:v1`;
        requireSuccess(await onLaptop.login(site.warden.address, ALICE));
        requireSuccess(await onLaptop.run(['manifest', 'create', '--insecure', list, ...parts]));
        const result = await onLaptop.run(['manifest', 'push', '--insecure', list]);
        expect(result.status).not.toBe(0);
        expect(terminal(result)).toContain(MESSAGE);
        expect(terminal(result)).toContain(`seen: alice from ${site.laptop.address}`);
        expect(await acceptedInto(site, 'team/refused')).toEqual([]);
      });
    },
  );
}
