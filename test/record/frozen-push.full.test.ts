import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, registryRequests, startFront } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import { ask, type Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import type { Leaf } from './read-log.ts';

describeNeeding(['docker-registry', 'postgres'], 'a push whose Warden is stopped past its lease', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let address = '';
  let front: Front;
  let second: SecondWarden;
  let other: Place;
  let alice: With;

  beforeAll(async () => {
    temp = makeTemp('frozen');
    server = await startPostgres();
    address = await server.database();
    writeFileSync(temp.at('database'), `${address}\n`, { mode: 0o600 });
    front = await startFront({
      users: ['alice'],
      settings: {
        record: { settleSeconds: 1 },
        tokens: { lifetimeSeconds: 3600 },
        store: { postgresUrlFile: temp.at('database'), leaseSeconds: 3, timeoutSeconds: 2 },
      },
      env: {
        NODE_OPTIONS: `--import=${join(import.meta.dirname, 'freeze-at.ts')} --disable-warning=ExperimentalWarning`,
        WARDEN_TEST_FREEZE_FILE: temp.at('freeze'),
      },
    });
    second = await startSecondWarden(front.warden);
    other = { host: second.host, port: second.port };
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 90_000);
  afterAll(async () => {
    front?.warden.signal('SIGCONT');
    await second?.stop();
    await front?.stop();
    await server?.stop();
    await temp?.stop();
  });

  const shown = async (): Promise<string | undefined> =>
    (await ask(other, { ...alice, method: 'HEAD', path: '/v2/pub/manifests/1' })).headers[
      'docker-content-digest'
    ];
  async function records(): Promise<readonly Leaf[]> {
    const postgres = connectTo(address);
    const leaves = await postgresLogReader(postgres).entries(0, 10_000);
    await postgres.close();
    return leaves
      .map((leaf, index) => ({ ...(JSON.parse(Buffer.from(leaf).toString()) as Leaf), index }))
      .filter(({ tag }) => tag?.name === '1');
  }
  const open = async () => Number(await server.sql(address, 'SELECT count(*) FROM warden.intent'));

  it('sends nothing when it goes on: another has settled it, and the tag stays as it is', async () => {
    const [before, late, next] = [smallImage(), smallImage(), smallImage()];
    expect((await pushImage(front.place, 'pub', '1', before, alice)).status).toBe(201);
    for (const blob of [late.layer, late.config]) await putBlob(front.place, 'pub', blob, alice);
    const since = front.registry.log().length;
    writeFileSync(temp.at('freeze'), '');
    const told = putManifest(front.place, 'pub', '1', late, alice).then(
      ({ status }) => status,
      () => undefined,
    );
    await eventually(
      () => existsSync(temp.at('freeze')),
      (there) => !there,
    );
    expect(await open()).toBe(1);
    await eventually(open, (left) => left === 0, 30_000);
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
    expect(await records()).toMatchObject([
      { type: 'push.accepted', subject: { digest: before.digest } },
      { type: 'push.aborted', subject: { digest: late.digest }, recovered: { saw: 'absent' } },
      { type: 'push.accepted', subject: { digest: next.digest }, tag: { from: before.digest } },
    ]);
    // The one that was stopped takes part again.
    expect((await putManifest(front.place, 'pub', '1', late, alice)).status).toBe(201);
  }, 120_000);
});
