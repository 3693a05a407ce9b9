import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, registryMoment, registryRequests } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import { ask, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { type Pair, startPair } from './pair.ts';

describeNeeding(['docker-registry', 'postgres'], 'a push whose Warden is stopped past its lease', () => {
  let temp: Temp;
  let pair: Pair;
  let front: Front;
  let other: Place;
  let alice: With;

  beforeAll(async () => {
    temp = makeTemp('frozen');
    pair = await startPair(temp, {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, 'freeze-at.ts')} --disable-warning=ExperimentalWarning`,
      WARDEN_TEST_FREEZE_FILE: temp.at('freeze'),
    });
    front = pair.front;
    other = pair.secondPlace;
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 90_000);
  afterAll(async () => {
    front?.warden.signal('SIGCONT');
    await pair?.stop();
    await temp?.stop();
  });

  const shown = async (): Promise<string | undefined> =>
    (await ask(other, { ...alice, method: 'HEAD', path: '/v2/pub/manifests/1' })).headers[
      'docker-content-digest'
    ];
  it('sends nothing when it goes on: another has settled it, and the tag stays as it is', async () => {
    const [before, late, next] = [smallImage(), smallImage(), smallImage()];
    expect((await pushImage(front.place, 'pub', '1', before, alice)).status).toBe(201);
    for (const blob of [late.layer, late.config]) await putBlob(front.place, 'pub', blob, alice);
    const since = await registryMoment(front.registry);
    writeFileSync(temp.at('freeze'), '');
    const told = putManifest(front.place, 'pub', '1', late, alice).then(
      ({ status }) => status,
      () => undefined,
    );
    await eventually(
      () => existsSync(temp.at('freeze')),
      (there) => !there,
    );
    expect(await pair.openIntents()).toBe(1);
    await eventually(pair.openIntents, (left) => left === 0, 30_000);
    // Somebody else's push of the tag goes on meanwhile.
    expect((await pushImage(other, 'pub', '1', next, alice)).status).toBe(201);

    front.warden.signal('SIGCONT');
    expect(await told).not.toBe(201);
    await eventually(
      async () => (await front.operations('/readyz/push')).status,
      (status) => status === 200,
      30_000,
    );
    expect(await shown()).toBe(next.digest);
    const puts = (await registryRequests(front.registry, since)).filter((line) =>
      line.includes('"PUT /v2/pub/manifests/1 '),
    );
    expect(puts).toHaveLength(1);
    expect((await pair.leaves()).filter(({ tag }) => tag?.name === '1')).toMatchObject([
      { type: 'push.accepted', subject: { digest: before.digest } },
      { type: 'push.aborted', subject: { digest: late.digest }, recovered: { saw: 'absent' } },
      { type: 'push.accepted', subject: { digest: next.digest }, tag: { from: before.digest } },
    ]);
    // The one that was stopped takes part again.
    expect((await putManifest(front.place, 'pub', '1', late, alice)).status).toBe(201);
  }, 120_000);
});
