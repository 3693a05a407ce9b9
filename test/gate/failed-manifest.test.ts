import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { pushImage, smallImage } from './images.ts';

describeNeeding(['docker-registry'], 'a manifest at which the registry fails', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront();
  });
  afterAll(() => front?.stop());

  it('is answered as the registry does, is on record as aborted, and keeps nobody waiting', async () => {
    const token = await front.token({ user: 'alice', from: BUILDER, scope: 'repository:pub:pull,push' });
    const alice = { token, from: BUILDER };
    // A layer that is to be had elsewhere, without saying where: docker-registry 2.8 answers 500 to it.
    const failing = smallImage({
      change: (manifest) => {
        const [layer] = manifest['layers'] as object[];
        const mediaType = 'application/vnd.oci.image.layer.nondistributable.v1.tar';
        manifest['layers'] = [{ ...layer, mediaType, digest: `sha256:${'f'.repeat(64)}`, urls: ['ftp://x'] }];
      },
    });
    const reply = await pushImage(front.place, 'pub', 'l', failing, alice);
    expect({ status: reply.status, text: reply.text }).toEqual({
      status: 500,
      text: expect.stringContaining('"UNKNOWN"'),
    });
    const aborted = readLog(join(front.warden.folder, 'data')).filter(({ type }) => type === 'push.aborted');
    expect(aborted).toMatchObject([{ subject: { digest: failing.digest }, tag: { name: 'l' } }]);
    // Of a reference whose outcome is not known, this would wait for a minute.
    expect((await pushImage(front.place, 'pub', 'l', smallImage(), alice)).status).toBe(201);
  });
});
