import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Leaf, openIntents, readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { changeSettings } from '../support/warden.ts';
import { eventually } from './eventually.ts';
import { BUILDER, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import { pushImage, putManifest, type SmallImage, smallImage, type With } from './images.ts';
import { insertTap, type Tap } from './tap.ts';

describeNeeding(['docker-registry'], 'a deletion', () => {
  let front: Front;
  let alice: With;
  let dave: With;
  let data: string;

  beforeAll(async () => {
    front = await startFront({
      users: ['alice', 'dave'],
      deletes: true,
      settings: { registry: { deletes: true }, record: { settleSeconds: 1 } },
    });
    data = join(front.warden.folder, 'data');
    const scope = 'repository:pub:pull,push';
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
    dave = { token: await front.token({ user: 'dave', scope: 'repository:pub:pull,delete' }) };
  }, 60_000);
  afterAll(() => front?.stop());

  const remove = (path: string) => front.ask({ ...dave, method: 'DELETE', path: `/v2/pub/${path}` });
  const about = (digest: string): readonly Leaf[] =>
    readLog(data).filter(({ subject }) => subject?.digest === digest);
  const pushed = async (tag: string): Promise<SmallImage> => {
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', tag, image, alice)).status).toBe(201);
    return image;
  };
  async function withTap(work: (tap: Tap) => Promise<void>): Promise<void> {
    const tap = await insertTap(front);
    try {
      await work(tap);
    } finally {
      changeSettings(front.warden.settingsFile, { registry: { url: front.registry.url } });
      await front.warden.restart();
      await tap.stop();
    }
  }

  it('whose answer is lost is looked up, recorded and told', async () => {
    const image = await pushed('unsaid');
    await withTap(async (tap) => {
      tap.swallowAnswerTo(/^DELETE \/v2\/pub\/manifests\//);
      expect((await remove(`manifests/${image.digest}`)).status).toBe(202);
      tap.swallowAnswerTo(/^DELETE \/v2\/pub\/blobs\//);
      expect((await remove(`blobs/${image.layer.digest}`)).status).toBe(202);
    });
    expect(about(image.digest)).toMatchObject([
      { type: 'push.accepted', token: { scopes: ['repository:pub:pull,push'] } },
      { type: 'manifest.deleted', deletes: 'manifest', recovered: { saw: 'absent' } },
    ]);
    expect(about(image.layer.digest)).toMatchObject([{ type: 'blob.deleted', recovered: { saw: 'absent' } }]);
    expect(openIntents(data)).toBe(0);
  }, 30_000);

  it('that never reached the registry has failed on the record too', async () => {
    const image = await pushed('kept');
    await withTap(async (tap) => {
      tap.cutRequest(/^DELETE \/v2\/pub\/manifests\//);
      const reply = await remove(`manifests/${image.digest}`);
      expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
    });
    expect(about(image.digest)).toMatchObject([
      { type: 'push.accepted' },
      { type: 'delete.aborted', recovered: { saw: 'digest' } },
    ]);
    expect((await front.ask({ ...alice, path: '/v2/pub/manifests/kept' })).status).toBe(200);
  }, 30_000);

  it('that the registry refused, or had nothing to do for, leaves nothing open', async () => {
    const image = await pushed('by-tag');
    // docker-registry 2.8 takes no tag for a reference of a delete.
    expect((await remove('manifests/by-tag')).status).toBe(400);
    expect(about(image.digest)).toMatchObject([
      { type: 'push.accepted' },
      {
        type: 'delete.aborted',
        deletes: 'tag',
        tag: { name: 'by-tag', from: image.digest },
        backend: { status: 400 },
      },
    ]);
    const absent = smallImage().digest;
    expect((await remove(`manifests/${absent}`)).status).toBe(404);
    expect(about(absent)).toEqual([]);
    expect(openIntents(data)).toBe(0);
  });

  it('that is under way keeps pushes to the repository waiting, so that no tag seems to have changed by itself', async () => {
    const [old, next] = [await pushed('moving'), await pushed('other')];
    front.registry.pause();
    const deletion = remove(`manifests/${old.digest}`);
    const push = putManifest(front.place, 'pub', 'moving', next, alice);
    setTimeout(() => front.registry.resume(), 500);
    expect((await deletion).status).toBe(202);
    expect((await push).status).toBe(201);
    const records = readLog(data).filter(({ tag }) => tag?.name === 'moving');
    expect(records.map(({ type }) => type)).toEqual(['push.accepted', 'push.accepted']);
    expect(readLog(data).filter(({ type }) => type === 'tag.drift')).toEqual([]);
  }, 30_000);

  it('is on the record when Warden dies between the registry’s answer and its own', async () => {
    const image = await pushed('dying');
    await withTap(async (tap) => {
      let killed: Promise<unknown> | undefined;
      tap.swallowAnswerTo(/^DELETE \/v2\/pub\/manifests\//, () => {
        killed = front.warden.kill();
      });
      await expect(remove(`manifests/${image.digest}`)).rejects.toThrow();
      await killed;
      expect(about(image.digest).map(({ type }) => type)).toEqual(['push.accepted']);
      expect(openIntents(data)).toBe(1);
      await front.warden.restart();
      await eventually(
        () => openIntents(data),
        (open) => open === 0,
      );
    });
    expect(about(image.digest)).toMatchObject([
      { type: 'push.accepted' },
      { type: 'manifest.deleted', recovered: { saw: 'absent' }, actor: { sub: 'dave' } },
    ]);
    // The log knows that the tag is gone: nothing seems to have changed by itself.
    expect((await pushImage(front.place, 'pub', 'dying', smallImage(), alice)).status).toBe(201);
    expect(readLog(data).filter(({ type }) => type === 'tag.drift')).toEqual([]);
  }, 60_000);
});

/** Before 3.1.1 it deletes a tag although its own switch is off; since then only where it is on. */
describeNeeding(['distribution3'], 'a deletion before distribution 3', () => {
  const running: Front[] = [];
  afterAll(async () => {
    for (const front of running) await front.stop();
  });

  async function start(
    deletes: boolean,
  ): Promise<{ front: Front; image: SmallImage; alice: With; dave: With }> {
    const front = await startFront({
      users: ['alice', 'dave'],
      version: 3,
      deletes: true,
      settings: { registry: { deletes } },
    });
    running.push(front);
    const alice = {
      token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }),
      from: BUILDER,
    };
    const dave = { token: await front.token({ user: 'dave', scope: 'repository:pub:pull,delete' }) };
    const image = smallImage();
    expect((await pushImage(front.place, 'pub', 'l', image, alice)).status).toBe(201);
    return { front, image, alice, dave };
  }

  it('is refused by tag and by digest where Warden’s switch is off, whatever that of the registry', async () => {
    const { front, image, dave } = await start(false);
    const since = await registryMoment(front.registry);
    for (const path of ['manifests/l', `manifests/${image.digest}`, `blobs/${image.layer.digest}`]) {
      const reply = await front.ask({ ...dave, method: 'DELETE', path: `/v2/pub/${path}` });
      expect([path, reply.status, reply.error?.code]).toEqual([path, 405, 'UNSUPPORTED']);
    }
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => line.includes('"DELETE '))).toEqual([]);
    expect((await front.ask({ ...dave, path: '/v2/pub/manifests/l' })).status).toBe(200);
  }, 60_000);

  it('of a tag needs the same right as of its manifest, and takes the tag alone', async () => {
    const { front, image, alice, dave } = await start(true);
    const remove = (who: With) => front.ask({ ...who, method: 'DELETE', path: '/v2/pub/manifests/l' });
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push,delete' });
    expect((await remove({ ...alice, token })).status).toBe(403);
    expect((await front.ask({ ...dave, path: '/v2/pub/manifests/l' })).status).toBe(200);
    expect((await remove(dave)).status).toBe(202);
    expect((await front.ask({ ...dave, path: '/v2/pub/manifests/l' })).status).toBe(404);
    expect((await front.ask({ ...dave, path: `/v2/pub/manifests/${image.digest}` })).status).toBe(200);
    const records = readLog(join(front.warden.folder, 'data')).map(({ type, tag }) => [type, tag?.name]);
    expect(records).toEqual(expect.arrayContaining([['tag.deleted', 'l']]));
  }, 60_000);
});
