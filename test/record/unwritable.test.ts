import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, startUpload, type With } from '../gate/images.ts';
import { createSkopeo } from '../support/clients.ts';
import { openDoor } from '../support/door.ts';
import { createLayout } from '../support/image.ts';
import { describeNeeding } from '../support/needs.ts';
import { must } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { openIntents, readLog } from './read-log.ts';

const SENTENCE = 'pushes are paused: the push record cannot be written; pulls go on';

describeNeeding(['docker-registry', 'skopeo', 'root'], 'a record on a disk that is full', () => {
  let temp: Temp;
  let data: string;
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    temp = makeTemp('full');
    data = temp.at('data');
    mkdirSync(data, { mode: 0o700 });
    await must('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', data]);
    front = await startFront({
      users: ['alice'],
      settings: { data, record: { minimumFreeMegabytes: 1, settleSeconds: 1 } },
    });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await must('umount', [data]).catch(() => undefined);
    await temp?.stop();
  });

  const ready = async (path: string) => (await front.operations(path)).status;
  const filler = () => join(data, 'filler');
  /** Takes all that is free but so much. */
  function fill(leaveBytes: number): void {
    const { bavail, bsize } = statfsSync(data);
    const file = openSync(filler(), 'a');
    try {
      writeFileSync(file, Buffer.alloc(Math.max(0, bavail * bsize - leaveBytes)));
    } catch (error) {
      // Warden has taken something in between: then there is not a byte left either.
      if (leaveBytes > 0 || (error as { code?: string }).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }
  const recovered = async () => {
    rmSync(filler(), { force: true });
    await eventually(
      () => ready('/readyz/push'),
      (status) => status === 200,
    );
  };

  it.each([
    ['is nearly full', 512 * 1024],
    ['has not a byte left', 0],
  ])(
    'refuses pushes at their beginning while it %s, lets pulls go on, and recovers by itself',
    async (_how, left) => {
      const before = smallImage();
      expect((await pushImage(front.place, 'pub', 'before', before, alice)).status).toBe(201);
      const location = String((await startUpload(front.place, 'pub', alice)).headers['location']);
      fill(left);
      await eventually(
        () => ready('/readyz/push'),
        (status) => status === 503,
      );
      expect(await ready('/readyz')).toBe(200);
      expect(await ready('/healthz')).toBe(200);
      const metrics = (await front.operations('/metrics')).text;
      expect(metrics).toMatch(/^warden_record_writable 0$/m);

      for (const reply of [
        await startUpload(front.place, 'pub', alice),
        await front.ask({ ...alice, method: 'PATCH', path: location, body: 'abc' }),
        await putManifest(front.place, 'pub', 'during', before, alice),
      ]) {
        expect(reply.status).toBe(403);
        expect(reply.error).toEqual({ code: 'DENIED', message: SENTENCE });
      }
      const pulled = await front.ask({ path: '/v2/pub/manifests/before', ...alice });
      expect(pulled.headers['docker-content-digest']).toBe(before.digest);
      // Neither a login nor a grant needs the record.
      expect((await front.askToken({ user: 'alice', scope: 'repository:pub:pull' })).status).toBe(200);

      await recovered();
      const after = smallImage();
      expect((await pushImage(front.place, 'pub', 'after', after, alice)).status).toBe(201);
      const accepted = readLog(data).filter(({ type }) => type === 'push.accepted');
      expect(accepted.some(({ subject }) => subject?.digest === after.digest)).toBe(true);
      expect(accepted.some(({ tag }) => tag?.name === 'during')).toBe(false);
      expect((await front.ask({ ...alice, path: '/v2/pub/manifests/during' })).status).toBe(404);
    },
    60_000,
  );

  it('never tells a client that a push is done which it cannot record', async () => {
    const images = Array.from({ length: 8 }, () => smallImage());
    for (const image of images)
      for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    const answers = new Map<string, number>();
    // The disk runs full while they are pushed.
    const pushing = images.map(async (image, at) => {
      const reply = await putManifest(front.place, 'pub', `race-${at}`, image, alice);
      answers.set(image.digest, reply.status);
    });
    fill(0);
    await Promise.all(pushing);
    await recovered();
    await eventually(
      () => openIntents(data),
      (open) => open === 0,
      30_000,
    );
    const recorded = readLog(data)
      .filter(({ type }) => type === 'push.accepted')
      .map(({ subject }) => subject?.digest);
    for (const [digest, status] of answers) {
      if (status === 201) expect(recorded).toContain(digest);
      else expect([403, 503]).toContain(status);
    }
  }, 60_000);

  it('makes skopeo print why at once', async () => {
    const layout = createLayout(temp.at('layout'));
    layout.image({}, 'one');
    const door = await openDoor(BUILDER, front.place);
    try {
      const skopeo = createSkopeo({ folder: temp.at('skopeo') });
      fill(0);
      await eventually(
        () => ready('/readyz/push'),
        (status) => status === 503,
      );
      const credentials = { user: 'alice', password: front.passwords.alice };
      const refused = await skopeo.copy(layout.reference('one'), `docker://${door.address}/pub:skopeo`, {
        credentials,
      });
      expect(refused.status).not.toBe(0);
      expect(refused.stderr).toContain(SENTENCE);
      await recovered();
    } finally {
      await door.stop();
    }
  }, 60_000);
});
