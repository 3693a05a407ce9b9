import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { blobOf, pushImage, putBlob, putManifest, type SmallImage, smallImage } from './images.ts';
import type { Reply } from './wire.ts';

const INDEX = 'application/vnd.oci.image.index.v1+json';
const REPOSITORY = 'pub/signed';

interface Listed {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly manifests: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: object;
  }[];
}

for (const version of [2, 3] as const) {
  const need = version === 3 ? 'distribution3' : 'docker-registry';
  describeNeeding(
    [need],
    `referrers before a registry of version ${version}, which has no such route`,
    () => {
      let front: Front;
      let token: string;
      beforeAll(async () => {
        front = await startFront({
          users: ['alice', 'bob', 'dave'],
          version,
          deletes: true,
          settings: { registry: { deletes: true } },
        });
        token = await front.token({
          user: 'alice',
          from: BUILDER,
          scope: `repository:${REPOSITORY}:pull,push`,
        });
      });
      afterAll(() => front?.stop());

      const alice = () => ({ token, from: BUILDER });
      const tagOf = (image: { readonly digest: string }): string => image.digest.replace(':', '-');

      async function pushed(
        change?: Parameters<typeof smallImage>[0],
      ): Promise<{ image: SmallImage; reply: Reply }> {
        const image = smallImage(change);
        const reply = await pushImage(front.place, REPOSITORY, image.digest, image, alice());
        expect(reply.status).toBe(201);
        return { image, reply };
      }

      function signatureOf(
        subject: { readonly digest: string; readonly bytes: Buffer },
        artifactType?: string,
      ) {
        return pushed({
          change: (manifest) => {
            manifest['subject'] = {
              mediaType: manifest['mediaType'],
              digest: subject.digest,
              size: subject.bytes.length,
            };
            manifest['annotations'] = { of: 'a test' };
            if (artifactType !== undefined) manifest['artifactType'] = artifactType;
          },
        });
      }

      async function referrers(
        image: { readonly digest: string },
        query = '',
      ): Promise<{ reply: Reply; list: Listed }> {
        const reply = await front.ask({
          path: `/v2/${REPOSITORY}/referrers/${image.digest}${query}`,
          ...alice(),
        });
        expect(reply.status).toBe(200);
        expect(reply.headers['content-type']).toBe(INDEX);
        return { reply, list: JSON.parse(reply.text) as Listed };
      }

      const digestsOf = ({ list }: { list: Listed }): readonly string[] =>
        list.manifests.map(({ digest }) => digest).sort();

      it('of what nothing refers to are an empty index', async () => {
        const { list, reply } = await referrers((await pushed()).image);
        expect(list).toEqual({ schemaVersion: 2, mediaType: INDEX, manifests: [] });
        expect(reply.headers['oci-filters-applied']).toBeUndefined();
      });

      it('are listed from the moment that their push is answered, also those pushed together', async () => {
        const { image } = await pushed();
        const signatures = await Promise.all(
          Array.from({ length: 6 }, () => signatureOf(image, 'application/signature')),
        );
        for (const { reply } of signatures) expect(reply.headers['oci-subject']).toBe(image.digest);
        const found = await referrers(image);
        expect(digestsOf(found)).toEqual(signatures.map((one) => one.image.digest).sort());
        expect(found.list.manifests[0]).toMatchObject({
          artifactType: 'application/signature',
          annotations: { of: 'a test' },
        });
      });

      it('are listed with short annotations only, so that one cannot fill the list for all', async () => {
        const { image } = await pushed();
        const { image: verbose } = await pushed({
          change: (manifest) => {
            manifest['subject'] = { mediaType: manifest['mediaType'], digest: image.digest, size: 1 };
            manifest['annotations'] = { text: 'x'.repeat(20_000) };
          },
        });
        const { list } = await referrers(image);
        expect(list.manifests).toMatchObject([{ digest: verbose.digest }]);
        expect(list.manifests[0]?.annotations).toBeUndefined();
      });

      it('have their tag to themselves: nothing but an index is taken there', async () => {
        const { image } = await pushed();
        const reply = await pushImage(front.place, REPOSITORY, tagOf(image), smallImage(), alice());
        expect(reply).toMatchObject({ status: 400, error: { code: 'MANIFEST_INVALID' } });
        const signature = await signatureOf(image);
        expect(digestsOf(await referrers(image))).toEqual([signature.image.digest]);
      });

      it('are filtered by their type, and the answer says so', async () => {
        const { image } = await pushed();
        const sbom = await signatureOf(image, 'application/sbom');
        const plain = await signatureOf(image);
        const found = await referrers(image, '?artifactType=application/sbom');
        expect(found.reply.headers['oci-filters-applied']).toBe('artifactType');
        expect(digestsOf(found)).toEqual([sbom.image.digest]);
        expect(digestsOf(await referrers(image))).toEqual([sbom.image.digest, plain.image.digest].sort());
      });

      it('of what is not there yet are kept for it', async () => {
        const later = smallImage();
        const signature = await signatureOf(later);
        expect(digestsOf(await referrers(later))).toEqual([signature.image.digest]);
      });

      it('stand in the record as a push of the same actor, made by Warden', async () => {
        const { image } = await pushed();
        const signature = await signatureOf(image);
        const records = readLog(join(front.warden.folder, 'data'));
        const own = records.filter(({ tag }) => tag?.name === tagOf(image));
        expect(own).toMatchObject([
          {
            type: 'push.accepted',
            madeBy: 'warden',
            actor: { sub: 'alice' },
            subject: { repo: REPOSITORY, mediaType: INDEX },
          },
        ]);
        const cause = records.find(({ subject }) => subject?.digest === signature.image.digest);
        expect(cause).toMatchObject({ type: 'push.accepted', push: own[0]?.['push'] });
        expect(cause).not.toHaveProperty('madeBy');
      });

      it('of a client that keeps the list itself are kept as it wrote them', async () => {
        const { image } = await pushed();
        const first = await signatureOf(image);
        const other = await pushed();
        const { list } = await referrers(image);
        const entry = {
          mediaType: other.image.mediaType,
          digest: other.image.digest,
          size: other.image.bytes.length,
        };
        const written = blobOf(JSON.stringify({ ...list, manifests: [...list.manifests, entry] }));
        const reply = await putManifest(
          front.place,
          REPOSITORY,
          tagOf(image),
          { ...written, mediaType: INDEX },
          alice(),
        );
        expect(reply.status).toBe(201);
        const last = await signatureOf(image);
        expect(digestsOf(await referrers(image))).toEqual(
          [first, other, last].map((one) => one.image.digest).sort(),
        );
      });

      it('are left to the client where their tag shows something else', async () => {
        const { image } = await pushed();
        const occupant = smallImage();
        // As one that was pushed before Warden stood in front.
        expect((await pushImage(front.place, REPOSITORY, 'occupant', occupant, alice())).status).toBe(201);
        const tags = join(
          front.registry.storage,
          'docker/registry/v2/repositories',
          REPOSITORY,
          '_manifests/tags',
        );
        cpSync(join(tags, 'occupant'), join(tags, tagOf(image)), { recursive: true });
        expect((await signatureOf(image)).reply.headers['oci-subject']).toBeUndefined();
        expect(digestsOf(await referrers(image))).toEqual([]);
        const tag = await front.ask({
          path: `/v2/${REPOSITORY}/manifests/${tagOf(image)}`,
          ...alice(),
          headers: { accept: occupant.mediaType },
        });
        expect(tag.headers['docker-content-digest']).toBe(occupant.digest);
      });

      it('are listed no more when they are deleted', async () => {
        const { image } = await pushed();
        const [gone, stays] = [await signatureOf(image), await signatureOf(image)];
        const cleaner = await front.token({ user: 'dave', scope: `repository:${REPOSITORY}:delete` });
        const path = `/v2/${REPOSITORY}/manifests/${gone.image.digest}`;
        expect((await front.ask({ method: 'DELETE', path, token: cleaner })).status).toBe(202);
        expect(digestsOf(await referrers(image))).toEqual([stays.image.digest]);
      });

      it('are shown only to who may pull the repository', async () => {
        const bob = await front.token({ user: 'bob', scope: `repository:${REPOSITORY}:pull` });
        const path = `/v2/sec/referrers/${smallImage().digest}`;
        expect((await front.ask({ path, token: bob })).status).toBe(403);
        expect((await front.ask({ path })).status).toBe(401);
      });

      it('are no reason to refuse what refers by another algorithm', async () => {
        const { reply } = await pushed({
          change: (manifest) => {
            manifest['subject'] = {
              mediaType: manifest['mediaType'],
              digest: `sha512:${'a'.repeat(128)}`,
              size: 1,
            };
          },
        });
        expect(reply.headers['oci-subject']).toBeUndefined();
      });
    },
  );

  describeNeeding([need], `the tags of a registry of version ${version}`, () => {
    let front: Front;
    let token: string;
    const tags = ['1.0', '1.1', '2.0', 'Latest', 'a', 'latest', 'z'];
    beforeAll(async () => {
      front = await startFront({ users: ['alice', 'bob'], version });
      token = await front.token({ user: 'alice', from: BUILDER, scope: 'repository:pub:pull,push' });
      const image = smallImage();
      for (const blob of [image.layer, image.config])
        await putBlob(front.place, 'pub', blob, { token, from: BUILDER });
      for (const tag of [...tags].reverse()) {
        expect((await putManifest(front.place, 'pub', tag, image, { token, from: BUILDER })).status).toBe(
          201,
        );
      }
    });
    afterAll(() => front?.stop());

    async function list(query: string): Promise<{ tags: readonly string[]; link: string | undefined }> {
      const reply = await front.ask({ path: `/v2/pub/tags/list${query}`, token });
      expect(reply.status).toBe(200);
      const body = JSON.parse(reply.text) as { name: string; tags: readonly string[] };
      expect(body.name).toBe('pub');
      return { tags: body.tags, link: reply.headers['link'] };
    }

    it.each<readonly [string, readonly string[], string | undefined]>([
      ['', tags, undefined],
      ['?n=3', ['1.0', '1.1', '2.0'], '</v2/pub/tags/list?n=3&last=2.0>; rel="next"'],
      ['?n=3&last=2.0', ['Latest', 'a', 'latest'], '</v2/pub/tags/list?n=3&last=latest>; rel="next"'],
      ['?n=3&last=latest', ['z'], undefined],
      ['?n=7', tags, undefined],
      ['?n=999999', tags, undefined],
      ['?last=b', ['latest', 'z'], undefined],
      ['?last=zz', [], undefined],
      ['?n=0', [], undefined],
    ])('%s are sorted and paged', async (query, wanted, link) => {
      expect(await list(query)).toEqual({ tags: wanted, link });
    });

    it('of no repository are the answer of the registry', async () => {
      const none = await front.token({ user: 'alice', scope: 'repository:pub/none:pull' });
      const reply = await front.ask({ path: '/v2/pub/none/tags/list', token: none });
      expect(reply).toMatchObject({ status: 404, error: { code: 'NAME_UNKNOWN' } });
    });
  });
}
