import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { putBlob, putManifest, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import type { Point } from './die-at.ts';
import { type Leaf, openIntents, readLog } from './read-log.ts';

describeNeeding(['docker-registry'], 'a push whose Warden is killed', () => {
  let temp: Temp;
  let front: Front;
  let alice: With;
  let data: string;

  beforeAll(async () => {
    temp = makeTemp('die');
    front = await startFront({
      users: ['alice'],
      settings: { record: { settleSeconds: 2 }, tokens: { lifetimeSeconds: 3600 } },
      env: {
        NODE_OPTIONS: `--import=${join(import.meta.dirname, 'die-at.ts')} --disable-warning=ExperimentalWarning`,
        WARDEN_TEST_DIE_FILE: temp.at('point'),
      },
    });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    data = join(front.warden.folder, 'data');
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  const shown = async (tag: string): Promise<string | undefined> =>
    (await front.ask({ ...alice, method: 'HEAD', path: `/v2/pub/manifests/${tag}` })).headers[
      'docker-content-digest'
    ];
  const about = (tag: string): Leaf[] =>
    readLog(data).filter((leaf) => leaf.tag?.name === tag && leaf.type !== 'push.refused');

  /** Pushes until the point, lets the process die there, and starts it again. @returns the image, and the intents that were left. */
  async function pushAndDie(tag: string, point: Point): Promise<{ image: SmallImage; left: number }> {
    const image = smallImage();
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    const pid = front.warden.pid();
    writeFileSync(temp.at('point'), `${point} ${front.registry.pid()}`);
    const told = await putManifest(front.place, 'pub', tag, image, alice).then(
      ({ status, whole }) => (whole ? status : undefined),
      () => undefined,
    );
    expect(told).toBeUndefined();
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
    rmSync(temp.at('point'));
    const left = openIntents(data);
    if (point === 'sent') {
      // The registry carries out what has reached it, after Warden's death.
      front.registry.resume();
    }
    await front.warden.restart();
    await eventually(
      () => openIntents(data),
      (open) => open === 0,
      30_000,
    );
    return { image, left };
  }

  it('before the intent: nothing is anywhere, and the client tries again', async () => {
    const { image, left } = await pushAndDie('a', 'intend');
    expect({ left, shown: await shown('a'), records: about('a') }).toEqual({
      left: 0,
      shown: undefined,
      records: [],
    });
    expect((await putManifest(front.place, 'pub', 'a', image, alice)).status).toBe(201);
  }, 60_000);

  it('between intent and request: aborted, and the registry has nothing', async () => {
    const { left } = await pushAndDie('b', 'request');
    expect(left).toBe(1);
    expect(await shown('b')).toBeUndefined();
    expect(about('b')).toMatchObject([{ type: 'push.aborted', recovered: { saw: 'absent' } }]);
  }, 60_000);

  it('in the middle of the request: the registry drops it, and it is aborted', async () => {
    const { left } = await pushAndDie('c', 'half');
    expect(left).toBe(1);
    expect(await shown('c')).toBeUndefined();
    expect(about('c')).toMatchObject([{ type: 'push.aborted', recovered: { saw: 'absent' } }]);
  }, 60_000);

  it('with the request whole at a registry that stalls: carried out after the death, and recorded so', async () => {
    const { image, left } = await pushAndDie('d', 'sent');
    expect(left).toBe(1);
    expect(await shown('d')).toBe(image.digest);
    expect(about('d')).toMatchObject([
      { type: 'push.accepted', recovered: { saw: 'tag', tag: image.digest } },
    ]);
  }, 60_000);

  it('between the registry’s answer and the record: recorded after the start', async () => {
    const { image, left } = await pushAndDie('e', 'conclude');
    expect(left).toBe(1);
    expect(about('e')).toMatchObject([
      { type: 'push.accepted', subject: { digest: image.digest }, recovered: { saw: 'tag' } },
    ]);
  }, 60_000);

  it('between the record and the answer: recorded, and recorded again where the client tries again', async () => {
    const { image, left } = await pushAndDie('f', 'reply');
    expect(left).toBe(0);
    expect((await putManifest(front.place, 'pub', 'f', image, alice)).status).toBe(201);
    const [first, second] = about('f');
    expect(first).toMatchObject({ type: 'push.accepted', subject: { digest: image.digest } });
    expect(first).not.toHaveProperty('recovered');
    expect(second).toMatchObject({
      type: 'push.accepted',
      tag: { from: image.digest, prev: first?.index },
    });
  }, 60_000);

  it('holds up no other tag while it is settled', async () => {
    const dying = smallImage();
    for (const blob of [dying.layer, dying.config]) await putBlob(front.place, 'pub', blob, alice);
    writeFileSync(temp.at('point'), 'request');
    const pid = front.warden.pid();
    await putManifest(front.place, 'pub', 'g', dying, alice).catch(() => undefined);
    await eventually(
      () => isAlive(pid),
      (alive) => !alive,
    );
    rmSync(temp.at('point'));
    // While the registry cannot say what the tag shows, nothing is settled.
    const broken = join(front.registry.storage, 'docker/registry/v2/repositories/pub/_manifests/tags/g');
    mkdirSync(join(broken, 'current'), { recursive: true });
    writeFileSync(join(broken, 'current/link'), 'no digest');
    await front.warden.restart();
    expect((await putManifest(front.place, 'pub', 'h', dying, alice)).status).toBe(201);
    expect(openIntents(data)).toBe(1);
    rmSync(broken, { recursive: true });
    await eventually(
      () => openIntents(data),
      (open) => open === 0,
      30_000,
    );
  }, 60_000);

  it('never: where the registry stores the manifest and fails at the tag, that is what the record says', async () => {
    const image = smallImage();
    const tags = join(front.registry.storage, 'docker/registry/v2/repositories/pub/_manifests/tags');
    mkdirSync(tags, { recursive: true });
    // No folder can be made there. The look at the tag before must still say that there is none.
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    mkdirSync(join(tags, 'k/index'), { recursive: true });
    writeFileSync(join(tags, 'k/index/sha256'), '');
    const { status } = await putManifest(front.place, 'pub', 'k', image, alice);
    expect(status).toBeGreaterThanOrEqual(500);
    await sleep(100);
    expect(about('k')).toMatchObject([
      { type: 'push.aborted', reason: expect.stringContaining('has the manifest, but not as k') },
    ]);
  }, 60_000);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
