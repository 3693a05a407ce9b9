/** What can be pushed besides a plain image, and what its record says: the same tests for each version of the registry. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { PushItem } from '../../src/audit/audit.ts';
import { createSkopeo, type Skopeo } from '../support/clients.ts';
import type { Host } from '../support/hosts.ts';
import type { Layout } from '../support/image.ts';
import { describeNeeding, type Need } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { ALICE, digestOf, eventually, HANGS_MS, openSite, type Site } from './site.ts';

export type Accepted = Extract<PushItem, { type: 'push.accepted' }>;

/** Accepted pushes into a repository, oldest first. */
export async function acceptedInto(site: Site, repository: string): Promise<readonly Accepted[]> {
  const records = await site.pushes({ repository, result: 'accepted' });
  return (records as readonly Accepted[]).toReversed();
}

export function describeContent(version: 2 | 3): void {
  const registry: Need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [registry, 'root', 'ip', 'nsenter', 'skopeo'],
    `content, with a registry of version ${version}`,
    () => {
      let site: Site;
      let layout: Layout;
      let skopeo: Skopeo;
      let anyone: Skopeo;

      beforeAll(async () => {
        site = await openSite({ version });
        layout = site.newLayout();
        const make = (name: string, host: Host): Skopeo =>
          createSkopeo({ folder: site.temp.at(name), host, timeoutMs: HANGS_MS });
        skopeo = make('builder', site.builder);
        anyone = make('laptop', site.laptop);
        requireSuccess(await skopeo.login(site.warden.address, ALICE));
      }, 120_000);

      afterAll(async () => {
        await site?.stop();
      }, 60_000);

      it('links the records of a multi-platform image', async () => {
        const amd64 = { os: 'linux', architecture: 'amd64' };
        const arm64 = { os: 'linux', architecture: 'arm64' };
        const images = [amd64, arm64].map((platform) => ({ platform, image: layout.image({ platform }) }));
        const index = layout.index(images, 'multi');
        const target = `docker://${site.image('team/multi')}:1.0`;
        requireSuccess(await skopeo.copy(layout.reference('multi'), target, { all: true }));

        const records = await acceptedInto(site, 'team/multi');
        expect(records.map(({ subject, tag }) => [subject.digest, tag?.name])).toEqual([
          ...images.map(({ image }) => [image.digest, undefined]),
          [index.digest, '1.0'],
        ]);
        expect(records.at(-1)?.subject.children).toEqual([
          { digest: images[0]?.image.digest, platform: 'linux/amd64' },
          { digest: images[1]?.image.digest, platform: 'linux/arm64' },
        ]);
        expect(new Set(records.map(({ push }) => push)).size).toBe(1);
        expect(records[0]?.push).toBeDefined();

        const pulled = site.temp.at('pulled-multi');
        requireSuccess(await anyone.pullTo(`${site.image('team/multi')}:1.0`, pulled, { all: true }));
        expect(await digestOf(site, 'team/multi', '1.0')).toBe(index.digest);
      });

      it('knows of what an artifact speaks', async () => {
        const image = layout.image({}, 'signed');
        const artifact = layout.artifact(
          { artifactType: 'application/vnd.example.note', subject: image, text: 'seen and found good' },
          'note',
        );
        const repository = site.image('team/signed');
        requireSuccess(await skopeo.push(layout.reference('signed'), `${repository}:1.0`));
        requireSuccess(await skopeo.push(layout.reference('note'), `${repository}:note`));
        const [, note] = await acceptedInto(site, 'team/signed');
        expect(note).toMatchObject({
          subject: {
            digest: artifact.digest,
            of: image.digest,
            artifactType: 'application/vnd.example.note',
          },
          tag: { name: 'note' },
        });
      });

      it('has each push of a tag on record, with what the tag showed before', async () => {
        const first = layout.image({}, 'first');
        const second = layout.image({}, 'second');
        const target = `${site.image('team/again')}:1.0`;
        for (const tag of ['first', 'first', 'second']) {
          requireSuccess(await skopeo.push(layout.reference(tag), target));
        }
        const records = await acceptedInto(site, 'team/again');
        expect(records.map(({ subject }) => subject.digest)).toEqual([
          first.digest,
          first.digest,
          second.digest,
        ]);
        expect(records.map(({ tag }) => tag)).toEqual([
          { name: '1.0' },
          { name: '1.0', from: first.digest, prev: records[0]?.index },
          { name: '1.0', from: first.digest, prev: records[1]?.index },
        ]);
        expect(new Set(records.map(({ push }) => push)).size).toBe(3);
      });

      it('counts pulls by tag and by digest for the inventory', async () => {
        const image = layout.image({}, 'pulled');
        const repository = site.image('team/pulled');
        requireSuccess(await skopeo.push(layout.reference('pulled'), `${repository}:1.0`));
        requireSuccess(await anyone.pull(`${repository}@${image.digest}`));
        for (let times = 0; times < 2; times++) requireSuccess(await anyone.pull(`${repository}:1.0`));
        // A look that takes nothing.
        expect(await digestOf(site, 'team/pulled', '1.0')).toBe(image.digest);
        const laptop = { repository: 'team/pulled', address: site.laptop.address };
        await eventually(
          () => site.pulls(laptop),
          (rows) => {
            const seen = rows.map(({ reference, digest, gets, heads }) => ({
              reference,
              digest,
              gets,
              heads,
            }));
            expect(seen).toHaveLength(2);
            expect(seen).toEqual(
              expect.arrayContaining([
                { reference: image.digest, digest: image.digest, gets: 1, heads: 0 },
                { reference: '1.0', digest: image.digest, gets: 2, heads: 0 },
              ]),
            );
          },
        );
        const [looked, ...others] = await eventually(
          () => site.pulls({ repository: 'team/pulled', tag: '1.0' }),
          (rows) => expect(rows.some(({ heads }) => heads > 0)).toBe(true),
        ).then((rows) => rows.filter(({ heads }) => heads > 0));
        expect(others).toEqual([]);
        expect(looked).toMatchObject({
          reference: '1.0',
          digest: image.digest,
          gets: 0,
          heads: 1,
          subject: '',
        });
        expect(looked?.address).toBe(site.warden.host);
      });
    },
  );
}
