import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Leaf, readLog } from '../record/read-log.ts';
import { MEDIA_TYPES } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import { blobOf, pushImage, putBlob, putManifest, type SmallImage, smallImage, type With } from './images.ts';
import type { Reply } from './wire.ts';

const MANIFEST_LIMIT = 4 * 1024 * 1024;

describeNeeding(['docker-registry'], 'a manifest', () => {
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'dave'] });
    const scope = [
      'repository:pub:pull,push',
      'repository:team/app:pull,push',
      'repository:fixed/app:pull,push',
    ];
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
  }, 60_000);
  afterAll(() => front?.stop());

  const records = (type: string): Leaf[] =>
    readLog(join(front.warden.folder, 'data')).filter((leaf) => leaf.type === type);
  const exists = async (tag: string): Promise<boolean> =>
    (await front.ask({ ...alice, method: 'HEAD', path: `/v2/pub/manifests/${tag}` })).status === 200;
  /** Puts both blobs, then the manifest as these bytes and this type say. */
  async function put(
    tag: string,
    image: SmallImage,
    bytes: Uint8Array | string,
    type: string,
  ): Promise<Reply> {
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    return putManifest(front.place, 'pub', tag, { bytes: Buffer.from(bytes), mediaType: type }, alice);
  }
  const text = (image: SmallImage): string => image.bytes.toString();

  it.each(['text/html', 'application/vnd.docker.distribution.manifest.v1+prettyjws'])(
    'of docker is never made into one of schema 1, whoever asks with Accept: %s',
    async (accept) => {
      const mediaType = 'application/vnd.docker.distribution.manifest.v2+json';
      const image = smallImage({
        change: (manifest) => {
          const [layer] = manifest['layers'] as Record<string, unknown>[];
          Object.assign(manifest, { mediaType });
          Object.assign(manifest['config'] as object, {
            mediaType: 'application/vnd.docker.container.image.v1+json',
          });
          Object.assign(layer ?? {}, { mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' });
        },
      });
      expect((await put('docker', image, image.bytes, mediaType)).status).toBe(201);
      for (const method of ['GET', 'HEAD']) {
        const reply = await front.ask({
          ...alice,
          method,
          path: '/v2/pub/manifests/docker',
          headers: { accept },
        });
        expect(reply.headers).toMatchObject({
          'content-type': mediaType,
          'docker-content-digest': image.digest,
        });
      }
    },
  );

  it.each([
    ['schema 1', 'application/vnd.docker.distribution.manifest.v1+json'],
    ['signed schema 1', 'application/vnd.docker.distribution.manifest.v1+prettyjws'],
    ['no type', ''],
    ['JSON', 'application/json'],
    ['a form', 'application/x-www-form-urlencoded'],
    ['a multipart form', 'multipart/form-data; boundary=x'],
    ['another type than the body says', 'application/vnd.docker.distribution.manifest.v2+json'],
    ['an index', MEDIA_TYPES.index],
    ['text', 'text/plain'],
  ])('is refused as %s, and nothing is stored', async (what, type) => {
    const tag = `type-${what.replace(/\W/g, '')}`;
    const since = await registryMoment(front.registry);
    const image = smallImage();
    const reply = await put(tag, image, image.bytes, type);
    expect({ status: reply.status, code: reply.error?.code }).toEqual({
      status: 400,
      code: 'MANIFEST_INVALID',
    });
    expect(await exists(tag)).toBe(false);
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => line.includes('"PUT ') && line.includes('/manifests/'))).toEqual([]);
  });

  it('is accepted with a charset behind its type', async () => {
    const image = smallImage();
    const reply = await put('charset', image, image.bytes, `${image.mediaType}; charset=utf-8`);
    expect(reply.status).toBe(201);
    expect((await front.ask({ ...alice, path: '/v2/pub/manifests/charset' })).headers['content-type']).toBe(
      image.mediaType,
    );
  });

  it.each<readonly [string, (image: SmallImage, other: SmallImage) => string | Buffer]>([
    [
      'a config twice',
      (image, other) => text(image).replace('{', `{"config":${JSON.stringify(configOf(other))},`),
    ],
    [
      'a Config beside its config',
      (image, other) => text(image).replace('{', `{"Config":${JSON.stringify(configOf(other))},`),
    ],
    ['its config as CONFIG', (image) => text(image).replace('"config"', '"CONFIG"')],
    [
      'layers twice',
      (image, other) => text(image).replace('{', `{"layers":${JSON.stringify(layersOf(other))},`),
    ],
    [
      'a long s in layers',
      (image, other) => text(image).replace('{', `{"layerſ":${JSON.stringify(layersOf(other))},`),
    ],
    [
      'a Kelvin sign',
      (image) => text(image).replace('"schemaVersion"', '"schemaVer\u017Fion":2,"schemaVersion"'),
    ],
    [
      'an escaped second key',
      (image, other) => text(image).replace('{', `{"\\u0063onfig":${JSON.stringify(configOf(other))},`),
    ],
    [
      'a digest twice in a layer',
      (image, other) => text(image).replace('"layers":[{', `"layers":[{"digest":"${other.layer.digest}",`),
    ],
    [
      'a Digest in its config',
      (image, other) => text(image).replace('"config":{', `"config":{"Digest":"${other.config.digest}",`),
    ],
    ['layers and manifests', (image) => text(image).replace('{', '{"manifests":[],')],
    ['another schemaVersion', (image) => text(image).replace('"schemaVersion":2', '"schemaVersion":1')],
    ['no schemaVersion', (image) => text(image).replace('"schemaVersion":2,', '')],
    ['a mediaType of another kind', (image) => text(image).replace(MEDIA_TYPES.manifest, MEDIA_TYPES.index)],
    ['two documents', (image) => `${text(image)}${text(image)}`],
    ['a comment', (image) => `/* */${text(image)}`],
    ['nothing in it', () => ''],
    ['a list', () => '[]'],
    ['half of it', (image) => text(image).slice(0, 100)],
    ['no UTF-8', (image) => Buffer.from(`${text(image).slice(0, -1)},"x":"\xff"}`, 'latin1')],
    ['a byte order mark', (image) => `\ufeff${text(image)}`],
  ])('is refused with %s, which two programs would read differently', async (what, make) => {
    const tag = `read-${what.replace(/\W/g, '')}`;
    const since = await registryMoment(front.registry);
    const image = smallImage({ labels: { from: 'this' } });
    const reply = await put(
      tag,
      image,
      make(image, smallImage({ labels: { from: 'that' } })),
      image.mediaType,
    );
    expect({ status: reply.status, code: reply.error?.code }).toEqual({
      status: 400,
      code: 'MANIFEST_INVALID',
    });
    expect(await exists(tag)).toBe(false);
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => line.includes('"PUT ') && line.includes('/manifests/'))).toEqual([]);
  });
  const configOf = (image: SmallImage) => JSON.parse(text(image)).config as unknown;
  const layersOf = (image: SmallImage) => JSON.parse(text(image)).layers as unknown;

  it.each<readonly [string, (config: string) => string]>([
    ['Labels twice', (config) => config.replace('"config":{', '"config":{"Labels":{"by":"another"},')],
    [
      'labels in small letters',
      (config) => config.replace('"config":{', '"config":{"labels":{"by":"another"},'),
    ],
    ['Config beside config', (config) => config.replace('{', '{"Config":{"Labels":{"by":"another"}},')],
    ['a label that is no text', (config) => config.replace('"Labels":{}', '"Labels":{"by":1}')],
  ])('is refused when its configuration has %s', async (_what, change) => {
    const image = smallImage();
    const config = blobOf(change(image.config.bytes.toString()));
    const bytes = text(image)
      .replace(image.config.digest, config.digest)
      .replace(`"size":${image.config.bytes.length}`, `"size":${config.bytes.length}`);
    await putBlob(front.place, 'pub', config, alice);
    const reply = await put('labels', image, bytes, image.mediaType);
    expect({ status: reply.status, code: reply.error?.code }).toEqual({
      status: 400,
      code: 'MANIFEST_INVALID',
    });
    expect(reply.error?.message).toContain('in its configuration');
  });

  it('may have labels of any kind, which are recorded as texts', async () => {
    const labels = {
      __proto__x: 'a',
      constructor: 'b',
      '=1+1': '<script>',
      'control\u0007': 'line\nend',
      '': 'empty',
      long: 'x'.repeat(1_000_000),
    };
    const image = smallImage({ labels });
    const config = blobOf(image.config.bytes.toString().replace('__proto__x', '__proto__'));
    const bytes = text(image)
      .replace(image.config.digest, config.digest)
      .replace(`"size":${image.config.bytes.length}`, `"size":${config.bytes.length}`);
    await putBlob(front.place, 'pub', config, alice);
    expect((await put('hostile', image, bytes, image.mediaType)).status).toBe(201);
    const record = records('push.accepted').findLast(({ tag }) => tag?.name === 'hostile');
    expect(record?.['labels']).toBeDefined();
    expect(record?.['truncated']).toEqual(['labels']);
    expect((await front.ask({ path: '/v2/', token: alice.token as string })).status).toBe(200);
  });

  it('may have a label that no record can have, which is then said', async () => {
    const image = smallImage({ labels: { __proto__x: 'a', constructor: 'b' } });
    const config = blobOf(image.config.bytes.toString().replace('__proto__x', '__proto__'));
    const bytes = text(image)
      .replace(image.config.digest, config.digest)
      .replace(`"size":${image.config.bytes.length}`, `"size":${config.bytes.length}`);
    await putBlob(front.place, 'pub', config, alice);
    expect((await put('unsayable', image, bytes, image.mediaType)).status).toBe(201);
    const record = records('push.accepted').findLast(({ tag }) => tag?.name === 'unsayable');
    expect(record).toMatchObject({ labels: { constructor: 'b' }, truncated: ['labels'] });
  });

  it('of 4 MiB passes, and one byte more is refused', async () => {
    const image = smallImage();
    const sized = (size: number): string => {
      const base = text(image).replace('{', '{"annotations":{"pad":""},');
      return base.replace('"pad":""', `"pad":"${'x'.repeat(size - base.length)}"`);
    };
    const whole = sized(MANIFEST_LIMIT);
    expect(Buffer.byteLength(whole)).toBe(MANIFEST_LIMIT);
    expect((await put('large', image, whole, image.mediaType)).status).toBe(201);
    const more = await put('larger', image, sized(MANIFEST_LIMIT + 1), image.mediaType);
    expect({ status: more.status, code: more.error?.code }).toEqual({ status: 413, code: 'SIZE_INVALID' });
    const chunks = Array.from({ length: 6 }, () => 'x'.repeat(1024 * 1024));
    const chunked = await front.ask({
      ...alice,
      method: 'PUT',
      path: '/v2/pub/manifests/larger',
      headers: { 'content-type': image.mediaType, 'transfer-encoding': 'chunked' },
      body: chunks,
    });
    expect(chunked.status).toBe(413);
    expect(await exists('larger')).toBe(false);
  });

  it('pushed by digest must have that digest', async () => {
    const image = smallImage();
    const other = smallImage();
    await put('by-digest', image, image.bytes, image.mediaType);
    const reply = await putManifest(front.place, 'pub', other.digest, image, alice);
    expect({ status: reply.status, code: reply.error?.code }).toEqual({
      status: 400,
      code: 'DIGEST_INVALID',
    });
    expect((await putManifest(front.place, 'pub', image.digest, image, alice)).status).toBe(201);
  });

  it('whose blobs or children are missing is refused in the registry’s own words', async () => {
    const image = smallImage();
    const reply = await putManifest(front.place, 'pub', 'missing', image, alice);
    expect(reply.status).toBe(400);
    expect(reply.text).toContain('MANIFEST_BLOB_UNKNOWN');
    const { digest, bytes } = smallImage();
    const index = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.index,
      manifests: [{ mediaType: MEDIA_TYPES.manifest, digest, size: bytes.length }],
    };
    const listed = await putManifest(
      front.place,
      'pub',
      'missing',
      { bytes: Buffer.from(JSON.stringify(index)), mediaType: MEDIA_TYPES.index },
      alice,
    );
    expect(listed.status).toBe(400);
    expect(listed.text).toContain('MANIFEST_BLOB_UNKNOWN');
    expect(await exists('missing')).toBe(false);
    expect(records('push.aborted').filter(({ tag }) => tag?.name === 'missing')).toHaveLength(2);
    expect(records('push.accepted').filter(({ tag }) => tag?.name === 'missing')).toEqual([]);
  });

  it('that is accepted has exactly one record with all that is known', async () => {
    const image = smallImage({ labels: { 'org.opencontainers.image.revision': 'abc' } });
    const options = { ...alice, headers: { 'user-agent': 'docker/29.0 (linux)' } };
    const reply = await pushImage(front.place, 'pub', 'recorded', image, options);
    expect(reply.status).toBe(201);
    expect(reply.headers).toMatchObject({
      location: `/v2/pub/manifests/${image.digest}`,
      'docker-content-digest': image.digest,
    });
    const found = records('push.accepted').filter(({ subject }) => subject?.digest === image.digest);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      subject: {
        repo: 'pub',
        digest: image.digest,
        size: image.bytes.length,
        mediaType: image.mediaType,
        config: image.config.digest,
        layers: 1,
        layerBytes: image.layer.bytes.length,
      },
      tag: { name: 'recorded' },
      actor: { sub: 'alice', kind: 'person', method: 'password', groups: ['ci'], evidence: 'verified' },
      peer: { ip: BUILDER, host: 'jenkins-01', ua: 'docker/29.0 (linux)' },
      policy: { rules: ['team-push'], decision: reply.headers['x-request-id'] },
      labels: { 'org.opencontainers.image.revision': 'abc' },
      backend: { status: 201 },
    });
  });

  it('pushed again, or another under its tag, is a record more, and the old one stays', async () => {
    const [one, other] = [smallImage(), smallImage()];
    for (const image of [one, one, other]) {
      expect((await pushImage(front.place, 'pub', 'moved', image, alice)).status).toBe(201);
    }
    const moves = records('push.accepted').filter(({ tag }) => tag?.name === 'moved');
    expect(moves.map(({ subject, tag }) => [subject?.digest, tag?.from])).toEqual([
      [one.digest, undefined],
      [one.digest, one.digest],
      [other.digest, one.digest],
    ]);
    expect(moves.map(({ tag }) => tag?.prev)).toEqual([undefined, moves[0]?.index, moves[1]?.index]);
  });

  it('under a tag that may not be moved is refused, and the first stays', async () => {
    const [one, other] = [smallImage(), smallImage()];
    expect((await pushImage(front.place, 'fixed/app', '1.0', one, alice)).status).toBe(201);
    const refused = await pushImage(front.place, 'fixed/app', '1.0', other, alice);
    expect({ status: refused.status, code: refused.error?.code }).toEqual({ status: 403, code: 'DENIED' });
    expect(refused.error?.message).toContain('overwrite fixed/app:1.0');
    const now = await front.ask({ ...alice, path: '/v2/fixed/app/manifests/1.0' });
    expect(now.headers['docker-content-digest']).toBe(one.digest);
    expect((await pushImage(front.place, 'fixed/app', '1.1', other, alice)).status).toBe(201);
  });

  it('that two push under one tag at once ends in one order, in the registry and on the record', async () => {
    const images = Array.from({ length: 6 }, () => smallImage());
    const replies = await Promise.all(
      images.map((image) => pushImage(front.place, 'team/app', 'race', image, alice)),
    );
    expect(replies.map(({ status }) => status)).toEqual(images.map(() => 201));
    const chain = records('push.accepted').filter(({ tag }) => tag?.name === 'race');
    expect(chain.map(({ tag }) => tag?.from)).toEqual([
      undefined,
      ...chain.slice(0, -1).map(({ subject }) => subject?.digest),
    ]);
    const now = await front.ask({ ...alice, path: '/v2/team/app/manifests/race' });
    expect(now.headers['docker-content-digest']).toBe(chain.at(-1)?.subject?.digest);
  });

  it('cannot be deleted while deletes are switched off, and the attempt is recorded', async () => {
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', 'kept', image, alice)).status).toBe(201);
    const dave = { token: await front.token({ user: 'dave', scope: 'repository:pub:delete,pull' }) };
    const since = await registryMoment(front.registry);
    for (const path of [`manifests/kept`, `manifests/${image.digest}`, `blobs/${image.layer.digest}`]) {
      const reply = await front.ask({ ...dave, method: 'DELETE', path: `/v2/pub/${path}` });
      expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 405, code: 'UNSUPPORTED' });
    }
    expect((await registryRequests(front.registry, since)).filter((line) => line.includes('DELETE'))).toEqual(
      [],
    );
    expect(await exists('kept')).toBe(true);
    // Refusals are grouped for a minute; a stop writes them at once.
    await front.warden.restart();
    const refused = records('push.refused').filter(({ action }) => action === 'delete');
    expect(refused.reduce((sum, leaf) => sum + Number(leaf['count']), 0)).toBe(3);
    for (const leaf of refused) {
      expect(leaf).toMatchObject({
        reason: 'METHOD_UNSUPPORTED',
        actor: { sub: 'dave' },
        subject: { repo: 'pub' },
      });
    }
  });
});

describeNeeding(['docker-registry'], 'what may be deleted and listed', () => {
  let front: Front;
  let alice: With;
  let dave: With;

  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'bob', 'carol', 'dave'],
      deletes: true,
      settings: { registry: { deletes: true } },
    });
    alice = {
      token: await front.token({
        user: 'alice',
        scope: ['repository:pub:pull,push', 'repository:team/app:pull,push'],
      }),
      from: BUILDER,
    };
    dave = {
      token: await front.token({
        user: 'dave',
        scope: ['repository:pub:pull,delete', 'repository:sec:pull,delete', 'registry:catalog:*'],
      }),
    };
  }, 60_000);
  afterAll(() => front?.stop());

  it('is deleted by those who may, and by nobody else', async () => {
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', 'gone', image, alice)).status).toBe(201);
    const paths = [`manifests/gone`, `manifests/${image.digest}`, `blobs/${image.layer.digest}`];
    const scope = 'repository:pub:pull,push,delete';
    for (const user of ['alice', 'bob'] as const) {
      const token = await front.token({ user, scope, from: BUILDER });
      for (const path of paths) {
        const reply = await front.ask({ method: 'DELETE', path: `/v2/pub/${path}`, token, from: BUILDER });
        expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 403, code: 'DENIED' });
      }
    }
    const statusOf = async (path: string) =>
      (await front.ask({ ...dave, method: 'DELETE', path: `/v2/pub/${path}` })).status;
    // docker-registry 2.8 takes no tag for a reference of a delete.
    expect(await statusOf(String(paths[0]))).toBe(400);
    expect(await statusOf(String(paths[1]))).toBe(202);
    expect(await statusOf(String(paths[2]))).toBe(202);
    expect((await front.ask({ ...dave, path: '/v2/pub/manifests/gone' })).status).toBe(404);
    const leaves = readLog(join(front.warden.folder, 'data'));
    expect(
      leaves
        .filter(({ type }) => type.endsWith('.deleted'))
        .map(({ type, subject, actor }) => [type, subject?.digest, (actor as { sub: string }).sub]),
    ).toEqual([
      ['manifest.deleted', image.digest, 'dave'],
      ['blob.deleted', image.layer.digest, 'dave'],
    ]);
  });

  it('is pushed again after a delete as something new', async () => {
    const image = smallImage();
    await pushImage(front.place, 'pub', 'again', image, alice);
    expect(
      (await front.ask({ ...dave, method: 'DELETE', path: `/v2/pub/manifests/${image.digest}` })).status,
    ).toBe(202);
    expect((await pushImage(front.place, 'pub', 'again', image, alice)).status).toBe(201);
    const leaves = readLog(join(front.warden.folder, 'data')).filter(({ tag }) => tag?.name === 'again');
    expect(leaves.map(({ type, tag }) => [type, tag?.from])).toEqual([
      ['push.accepted', undefined],
      ['push.accepted', undefined],
    ]);
  });

  it('is listed as far as each name may be listed and pulled', async () => {
    const carol = { token: await front.token({ user: 'carol', scope: 'repository:sec:pull,push' }) };
    expect((await pushImage(front.place, 'sec', 'l', smallImage(), carol)).status).toBe(201);
    expect((await pushImage(front.place, 'pub', 'l', smallImage(), alice)).status).toBe(201);
    expect((await pushImage(front.place, 'team/app', 'l', smallImage(), alice)).status).toBe(201);
    const all = await front.ask({ ...dave, path: '/v2/_catalog' });
    expect(JSON.parse(all.text)).toEqual({ repositories: ['pub', 'team/app'] });
    expect(all.headers['link']).toBeUndefined();
    const first = await front.ask({ ...dave, path: '/v2/_catalog?n=1' });
    expect(JSON.parse(first.text)).toEqual({ repositories: ['pub'] });
    // The registry's own next name would be the one that nobody here may see.
    expect(first.headers['link']).toBe('</v2/_catalog?n=1&last=pub>; rel="next"');
    const second = await front.ask({
      ...dave,
      path: String(/<([^>]+)>/.exec(String(first.headers['link']))?.[1]),
    });
    expect(JSON.parse(second.text)).toEqual({ repositories: ['team/app'] });
    expect(second.headers['link']).toBeUndefined();
    expect((await front.ask({ ...dave, path: '/v2/_catalog?n=2000000000' })).status).toBe(400);
    expect((await front.ask({ ...dave, path: '/v2/_catalog?n=999999999' })).status).toBe(200);
  });

  it('is listed for nobody else, on no spelling of the address', async () => {
    const bob = {
      token: await front.token({ user: 'bob', scope: ['registry:catalog:*', 'repository:pub:pull'] }),
    };
    const reply = await front.ask({ ...bob, path: '/v2/_catalog' });
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 403, code: 'DENIED' });
    for (const path of ['/v2/_catalog/', '/v2/%5fcatalog', '/v2//_catalog', '/v2/_Catalog']) {
      expect((await front.ask({ ...dave, path })).status).toBe(404);
    }
    expect((await front.ask({ ...dave, method: 'HEAD', path: '/v2/_catalog' })).status).toBe(405);
    expect((await front.ask({ path: '/v2/_catalog' })).status).toBe(401);
  });
});
