import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createPodman, createSkopeo, type Skopeo } from '../support/clients.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import { newImage, newIndex } from './matrix.ts';
import { ALICE, digestOf, HANGS_MS, openSite, type Site } from './site.ts';

export function describeSkopeoCommands(version: 2 | 3): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'skopeo', 'podman'],
    `what else skopeo and podman do, with a registry of version ${version}`,
    () => {
      let site: Site;
      let alice: Skopeo;

      beforeAll(async () => {
        site = await openSite({ version, deletes: true });
        alice = createSkopeo({ folder: site.temp.at('alice'), host: site.builder, timeoutMs: HANGS_MS });
        requireSuccess(await alice.login(site.warden.address, ALICE));
        requireSuccess(await alice.push(newImage(site).reference, `${site.image('team/one')}:v1`));
      }, 120_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      const place = (repository: string, tag: string): string => `docker://${site.image(repository)}:${tag}`;

      it('skopeo copies an image from one repository to another', async () => {
        requireSuccess(await alice.copy(place('team/one', 'v1'), place('team/two', 'v1')));
        const digest = await digestOf(site, 'team/one', 'v1');
        expect(await digestOf(site, 'team/two', 'v1')).toBe(digest);
        expect((await acceptedInto(site, 'team/two'))[0]?.mounted).toEqual(
          expect.arrayContaining([{ digest: expect.any(String), from: 'team/one' }]),
        );
      });

      it('skopeo copies an index with all that it lists, linked by one push', async () => {
        const { reference, digest } = newIndex(site);
        requireSuccess(await alice.copy(reference, place('team/one', 'all'), { all: true }));
        requireSuccess(await alice.copy(place('team/one', 'all'), place('team/two', 'all'), { all: true }));
        const records = (await acceptedInto(site, 'team/two')).slice(1);
        expect(records.map(({ tag }) => tag?.name)).toEqual([undefined, undefined, 'all']);
        expect(records.at(-1)?.subject.digest).toBe(digest);
        expect(new Set(records.map(({ push }) => push)).size).toBe(1);
      });

      it('skopeo lists tags, and deletes', async () => {
        const list = ['list-tags', '--tls-verify=false', `docker://${site.image('team/two')}`];
        const tags = async (): Promise<unknown> =>
          (JSON.parse(requireSuccess(await alice.run(list)).stdout) as { Tags: unknown }).Tags;
        expect(await tags()).toEqual(['all', 'v1']);
        requireSuccess(await alice.run(['delete', '--tls-verify=false', place('team/two', 'v1')]));
        expect(await tags()).toEqual(['all']);
      });

      it('podman searches for what anyone may list, without a login', async () => {
        const podman = createPodman({
          folder: site.temp.at('podman'),
          host: site.laptop,
          timeoutMs: HANGS_MS,
        });
        const words = ['search', '--tls-verify=false', '--format', '{{.Name}}'];
        const found = requireSuccess(await podman.run([...words, `${site.warden.address}/team`]));
        expect(found.stdout.trim().split('\n')).toEqual([site.image('team/one'), site.image('team/two')]);
      });
    },
  );
}
