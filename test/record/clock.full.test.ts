import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import { insertTap } from '../gate/tap.ts';
import { describeNeeding } from '../support/needs.ts';
import { must } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { type Leaf, openIntents, readLog } from './read-log.ts';

/** The registry is a Go program, whose clock cannot be moved: it grants a minute, and tokens have five. */
const BACK = '-200';
const FORWARD = '+50';

describeNeeding(['docker-registry', 'faketime'], 'a clock that jumps', () => {
  let temp: Temp;
  let front: Front;
  const data = () => join(front.warden.folder, 'data');
  const clock = () => temp.at('clock');
  /** Seconds beside the right time. */
  const set = (offset: string) => writeFileSync(clock(), `${offset}\n`);
  const jumps = () => readLog(data()).filter(({ type }) => type === 'clock.jumped');
  async function jump(offset: string): Promise<void> {
    const before = jumps().length;
    set(offset);
    await eventually(jumps, ({ length }) => length > before);
  }
  async function alice(): Promise<With> {
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push' });
    return { token, from: BUILDER };
  }

  beforeAll(async () => {
    temp = makeTemp('clock');
    set('+0');
    const library = (await must('sh', ['-c', 'ls /usr/lib/*/faketime/libfaketimeMT.so.1'])).trim();
    front = await startFront({
      users: ['alice'],
      settings: { record: { settleSeconds: 20 } },
      env: {
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: clock(),
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        DONT_FAKE_MONOTONIC: '1',
      },
    });
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  it('is on record, and takes nothing from the order of records, their ids and the chain of a tag', async () => {
    const images = [];
    for (const offset of ['+0', BACK, FORWARD]) {
      if (offset !== '+0') await jump(offset);
      const image = smallImage();
      images.push(image.digest);
      expect((await pushImage(front.place, 'pub', 'moving', image, await alice())).status).toBe(201);
    }
    const leaves = readLog(data());
    const moved = leaves.filter(({ type, tag }) => type === 'push.accepted' && tag?.name === 'moving');
    expect(moved.map(({ subject }) => subject?.digest)).toEqual(images);
    expect(moved.map(({ tag }) => tag?.from)).toEqual([undefined, ...images.slice(0, -1)]);
    expect(moved.map(({ tag }) => tag?.prev)).toEqual([
      undefined,
      ...moved.slice(0, -1).map(({ index }) => index),
    ]);
    expect(new Set(leaves.map((leaf) => leaf['id'])).size).toBe(leaves.length);
    // The times are those of the clock, and the records between say why they run back.
    expect(Number(timeOf(moved[1])) < Number(timeOf(moved[0]))).toBe(true);
    const [back, forward] = jumps();
    expect(shiftOf(back)).toBeCloseTo(-200, -1);
    expect(shiftOf(forward)).toBeCloseTo(250, -1);
  }, 60_000);

  it('lets clients log in again where their tokens are of another time, and serves pulls', async () => {
    await jump('+0');
    const { token = '' } = await alice();
    await jump(BACK);
    const path = '/v2/pub/manifests/moving';
    const early = await front.ask({ path, token });
    expect([200, 401]).toContain(early.status);
    expect((await front.ask({ path, ...(await alice()) })).status).toBe(200);
    // Longer than a token lives: it ended with the jump.
    await jump('+3600');
    const late = await front.ask({ path, token });
    expect(late.status).toBe(401);
    expect(late.headers['www-authenticate']).toMatch(/^Bearer /);
    await jump('+0');
    expect((await front.ask({ path, ...(await alice()) })).status).toBe(200);
  }, 60_000);

  it('does not make it decide too early what became of a push that broke off', async () => {
    const by = await alice();
    const image = smallImage();
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, by);
    const tap = await insertTap(front);
    try {
      tap.cutRequest(/^PUT \/v2\/pub\/manifests\/cut-off /);
      const answer = putManifest(front.place, 'pub', 'cut-off', image, by);
      await eventually(
        () => openIntents(data()),
        (open) => open === 1,
      );
      // By the clock on the wall the time for settling is over now.
      await jump(FORWARD);
      await sleep(2_000);
      expect(openIntents(data())).toBe(1);
      set('+0');
      expect((await answer).status).toBe(503);
      await eventually(
        () => openIntents(data()),
        (open) => open === 0,
        40_000,
      );
      const ended = readLog(data()).filter(({ subject }) => subject?.digest === image.digest);
      expect(ended.map(({ type }) => type)).toEqual(['push.aborted']);
    } finally {
      await tap.stop();
    }
  }, 60_000);
});

function timeOf(leaf: Leaf | undefined): number {
  return Date.parse(String(leaf?.['time']));
}

/** In seconds. */
function shiftOf(leaf: Leaf | undefined): number {
  const { expected = '', shown = '' } = (leaf?.['clock'] ?? {}) as { expected?: string; shown?: string };
  return (Date.parse(shown) - Date.parse(expected)) / 1000;
}
