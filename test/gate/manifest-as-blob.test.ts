import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import {
  type Blob,
  pushImage,
  putBlob,
  putManifest,
  type SmallImage,
  smallImage,
  type With,
} from './images.ts';
import { ask } from './wire.ts';

describeNeeding(['docker-registry'], 'a manifest that is uploaded as a blob', () => {
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    const scope = ['repository:pub:pull,push', 'repository:team/app:pull,push'];
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
  }, 60_000);
  afterAll(() => front?.stop());

  async function status(method: 'GET' | 'HEAD', image: Blob, kind = 'manifests'): Promise<number> {
    const token = await front.token({ scope: 'repository:pub:pull' });
    const headers = { Accept: 'application/vnd.oci.image.manifest.v1+json' };
    return (await ask(front.place, { method, path: `/v2/pub/${kind}/${image.digest}`, token, headers }))
      .status;
  }

  async function uploadParts({ config, layer }: SmallImage): Promise<void> {
    for (const blob of [config, layer])
      expect((await putBlob(front.place, 'pub', blob, alice)).status).toBe(201);
  }

  it('is no image: nobody judged it, and no record tells of it', async () => {
    const image = smallImage();
    await uploadParts(image);
    expect((await putBlob(front.place, 'pub', image, alice)).status).toBe(201);
    expect(await status('GET', image, 'blobs')).toBe(200);
    expect(await status('GET', image)).toBe(404);
    expect(await status('HEAD', image)).toBe(404);
  });

  it('is no image either when an index names it', async () => {
    const image = smallImage();
    await uploadParts(image);
    await putBlob(front.place, 'pub', image, alice);
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const child = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [child] }));
    await putManifest(front.place, 'pub', 'list', { bytes, mediaType }, alice);
    expect(await status('GET', image)).toBe(404);
  });

  it('does not hide the image that was pushed as one, before or after', async () => {
    const before = smallImage();
    expect((await pushImage(front.place, 'pub', 'before', before, alice)).status).toBe(201);
    expect((await putBlob(front.place, 'pub', before, alice)).status).toBe(201);
    expect(await status('GET', before)).toBe(200);

    const after = smallImage();
    await uploadParts(after);
    await putBlob(front.place, 'pub', after, alice);
    expect(await status('GET', after)).toBe(404);
    expect((await pushImage(front.place, 'pub', 'after', after, alice)).status).toBe(201);
    expect(await status('GET', after)).toBe(200);
  });
});
