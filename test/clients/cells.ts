/** The cells of the matrix that succeed. Each has repositories of its own, and all have one site. */
import { expect, it } from '@jest/globals';
import { requireSuccess } from '../support/process.ts';
import { acceptedInto } from './content.ts';
import type { Driver, Operation } from './drivers/driver.ts';
import type { Stand } from './matrix.ts';
import { ALICE, CAROL, DELETE_MESSAGE, digestOf, eventually, type Site, terminal } from './site.ts';

type Cell = (driver: Driver, get: () => Stand) => void;

export const CELLS: Readonly<Record<Exclude<Operation, 'refusal'>, Cell>> = {
  login: ({ asksAtLogin }, get) => {
    it('takes the password, and is used by what follows', async () => {
      const { site, onBuilder, newImage } = get();
      requireSuccess(await onBuilder.login(ALICE));
      if (!asksAtLogin) requireSuccess(await onBuilder.push(newImage(), `${site.image('team/login')}:v1`));
      await eventually(
        async () => site.warden.logLines().filter(({ route }) => route === 'token'),
        (tokens) => expect(tokens).toContainEqual(expect.objectContaining({ status: 200, subject: 'alice' })),
      );
    });
  },

  push: ({ agent }, get) => {
    it('is on record, with who, from where and with what', async () => {
      const { site, onBuilder, newImage } = get();
      requireSuccess(await onBuilder.login(ALICE));
      requireSuccess(await onBuilder.push(newImage(), `${site.image('team/app')}:v1`));
      const digest = await digestOf(site, 'team/app', 'v1');
      const records = await site.pushes({ repository: 'team/app', result: 'accepted' });
      expect(records).toHaveLength(1);
      expect(records[0]).toMatchObject({
        type: 'push.accepted',
        subject: { repo: 'team/app', digest, layers: 1 },
        tag: { name: 'v1' },
        actor: { sub: 'alice', kind: 'person', method: 'password', groups: ['ci'], evidence: 'verified' },
        peer: {
          ip: site.builder.address,
          host: 'builder-01',
          hostBy: 'allowlist',
          ua: expect.stringMatching(agent),
        },
        token: { ip: site.builder.address },
        policy: { rules: ['ci-pushes'] },
      });
    });
  },

  're-push': ({ looksFirst }, get) => {
    it('of the same image uploads nothing; what the tag showed before is on record', async () => {
      const { site, onBuilder, newImage } = get();
      const image = newImage();
      const reference = `${site.image('team/again')}:v1`;
      requireSuccess(await onBuilder.login(ALICE));
      requireSuccess(await onBuilder.push(image, reference));
      const digest = await digestOf(site, 'team/again', 'v1');
      const uploads = uploadsInto(site, 'team/again');
      requireSuccess(await onBuilder.push(image, reference));
      expect(await digestOf(site, 'team/again', 'v1')).toBe(digest);
      expect(uploads).toBeGreaterThan(0);
      expect(uploadsInto(site, 'team/again')).toBe(uploads);
      requireSuccess(await onBuilder.push(newImage(), reference));
      const another = await digestOf(site, 'team/again', 'v1');
      const records = await acceptedInto(site, 'team/again');
      const [first, second] = records;
      expect(records.map(({ subject, tag }) => [subject.digest, tag])).toEqual([
        [digest, { name: 'v1' }],
        ...(looksFirst ? [] : [[digest, { name: 'v1', from: digest, prev: first?.index }]]),
        [another, { name: 'v1', from: digest, prev: (looksFirst ? first : second)?.index }],
      ]);
      expect(new Set(records.map(({ push }) => push)).size).toBe(records.length);
    });
  },

  mount: ({ mounts }, get) => {
    it('is had from a repository that the pusher may pull, and the record says so', async () => {
      const { site, onBuilder, newImage } = get();
      const image = newImage();
      const [one, two] = [`${site.image('team/one')}:v1`, `${site.image('team/two')}:v1`];
      requireSuccess(await onBuilder.login(ALICE));
      requireSuccess(await onBuilder.push(image, one));
      requireSuccess((await onBuilder.pushElsewhere?.(image, one, two)) ?? failed('pushElsewhere'));
      expect(mountsInto(site, 'team/two')).toBeGreaterThan(0);
      const [first] = await acceptedInto(site, 'team/one');
      const second = (await acceptedInto(site, 'team/two')).at(-1);
      expect(first).not.toHaveProperty('mounted');
      expect(second?.mounted).toEqual(
        expect.arrayContaining([{ digest: expect.stringMatching(/^sha256:/), from: 'team/one' }]),
      );
    });

    it('is not had from one that the pusher may not pull', async () => {
      const { site, onBuilder, newImage } = get();
      const image = newImage();
      const [secret, copy] = [`${site.image('secret/plans')}:v1`, `${site.image('team/copy')}:v1`];
      requireSuccess(await onBuilder.login(CAROL));
      requireSuccess(await onBuilder.push(image, secret));
      await onBuilder.logout();
      requireSuccess(await onBuilder.login(ALICE));
      const result = (await onBuilder.pushElsewhere?.(image, secret, copy)) ?? failed('pushElsewhere');
      expect(mountsInto(site, 'team/copy')).toBe(0);
      if (mounts === 'reads') {
        // What it is to copy it may not read.
        expect(result.status).not.toBe(0);
        expect(await acceptedInto(site, 'team/copy')).toEqual([]);
      } else {
        requireSuccess(result);
        const [record] = await acceptedInto(site, 'team/copy');
        expect(record).not.toHaveProperty('mounted');
        expect(uploadsInto(site, 'team/copy')).toBeGreaterThan(0);
      }
    });
  },

  'multi-platform': ({ listsPushed }, get) => {
    it('has one record for each manifest, linked by one push', async () => {
      const { site, onBuilder, onLaptop, newIndex } = get();
      const index = newIndex();
      const reference = `${site.image('team/multi')}:1.0`;
      requireSuccess(await onBuilder.login(ALICE));
      requireSuccess((await onBuilder.pushAll?.(index, reference)) ?? failed('pushAll'));
      const records = await acceptedInto(site, 'team/multi');
      const last = records.at(-1);
      expect(last).toMatchObject({
        subject: { digest: await digestOf(site, 'team/multi', '1.0') },
        tag: { name: '1.0' },
      });
      const children = last?.subject.children ?? [];
      expect(children.map(({ platform }) => platform)).toEqual(index.platforms);
      const together = records.filter(
        ({ push, tag }) =>
          push !== undefined && (push === last?.push || (listsPushed && tag?.name !== '1.0')),
      );
      expect(together.map(({ subject }) => subject.digest).toSorted()).toEqual(
        [last?.subject.digest, ...children.map(({ digest }) => digest)].toSorted(),
      );
      requireSuccess(await onLaptop.pull(reference));
    });
  },

  pull: (_, get) => {
    it('needs no login, by tag and by digest, and is in the inventory', async () => {
      const { site, onBuilder, onLaptop, newImage } = get();
      requireSuccess(await onBuilder.login(ALICE));
      const repository = site.image('team/pulled');
      // Two images: an engine does not ask for a manifest that it has seen, though its image is gone.
      for (const tag of ['v1', 'v2'])
        requireSuccess(await onBuilder.push(newImage(), `${repository}:${tag}`));
      const [first, second] = [
        await digestOf(site, 'team/pulled', 'v1'),
        await digestOf(site, 'team/pulled', 'v2'),
      ];
      await onLaptop.logout();
      requireSuccess(await onLaptop.pull(`${repository}:v1`));
      requireSuccess(await onLaptop.pull(`${repository}@${second}`));
      await eventually(
        () => site.pulls({ repository: 'team/pulled', address: site.laptop.address }),
        (rows) => {
          const got = rows.filter(({ gets }) => gets > 0);
          expect(got.map(({ reference, digest, subject }) => ({ reference, digest, subject }))).toEqual(
            expect.arrayContaining([
              { reference: 'v1', digest: first, subject: '' },
              { reference: second, digest: second, subject: '' },
            ]),
          );
        },
      );
    });
  },

  delete: (_, get) => {
    it('is for those whom a rule names, and on record', async () => {
      const { site, onBuilder, onLaptop, newImage } = get();
      const reference = `${site.image('team/gone')}:v1`;
      requireSuccess(await onBuilder.login(ALICE));
      requireSuccess(await onBuilder.push(newImage(), reference));
      const digest = await digestOf(site, 'team/gone', 'v1');

      requireSuccess(await onLaptop.login(ALICE));
      const refused = (await onLaptop.delete?.(reference)) ?? failed('delete');
      await onLaptop.logout();
      expect(refused.status).not.toBe(0);
      expect(terminal(refused)).toContain(DELETE_MESSAGE);
      expect(terminal(refused)).toContain(`seen: alice from ${site.laptop.address}`);
      expect(await digestOf(site, 'team/gone', 'v1')).toBe(digest);

      requireSuccess((await onBuilder.delete?.(reference)) ?? failed('delete'));
      const pulled = await onLaptop.pull(reference);
      expect(pulled.status).not.toBe(0);
      expect(terminal(pulled)).toMatch(/manifest unknown|not found|MANIFEST_UNKNOWN/i);
      const [last] = await site.pushes({ repository: 'team/gone' });
      expect(last).toMatchObject({
        type: 'manifest.deleted',
        subject: { repo: 'team/gone', digest },
        actor: { sub: 'alice' },
        peer: { ip: site.builder.address },
      });
    });
  },
};

/** A driver without this operation would have said so in its `without`. */
function failed(operation: string): never {
  throw new Error(`the driver has no ${operation}`);
}

/** Requests that the registry took with bytes of blobs for a repository. */
function uploadsInto(site: Site, repository: string): number {
  return count(site, new RegExp(`"(?:PATCH|PUT) /v2/${repository}/blobs/uploads/`, 'g'));
}

/** Layers that the registry was asked to mount into a repository. */
function mountsInto(site: Site, repository: string): number {
  return count(site, new RegExp(`"POST /v2/${repository}/blobs/uploads/\\?[^"]*mount=`, 'g'));
}

function count(site: Site, line: RegExp): number {
  return site.warden.registry.log().match(line)?.length ?? 0;
}
