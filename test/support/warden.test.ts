import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { createSkopeo, type Skopeo } from './clients.ts';
import { openDoor } from './door.ts';
import { createLayout, type Layout } from './image.ts';
import { describeNeeding } from './needs.ts';
import { requireSuccess } from './process.ts';
import { makeTemp, type Temp } from './temp.ts';
import { type RunningWarden, startWarden } from './warden.ts';

const ALICE = { name: 'alice', password: 'made for this test only', groups: ['ci'] };
const POLICY = `
hosts:
  builder: { addresses: [127.0.0.5] }
networks:
  here: [127.0.0.0/8]
rules:
  - { id: pulls, allow: [pull], repositories: ["**"], from: [here] }
  - { id: pushes, allow: [push], repositories: ["**"], who: { groups: [ci] }, from: [builder], message: Ask the builders. }
`;

describeNeeding(['docker-registry', 'skopeo'], 'Warden as a process for tests', () => {
  const started: { stop(): Promise<void> }[] = [];
  let temp: Temp;
  let warden: RunningWarden;
  let layout: Layout;
  let skopeo: Skopeo;

  function keep<T extends { stop(): Promise<void> }>(thing: T): T {
    started.push(thing);
    return thing;
  }

  beforeEach(async () => {
    temp = keep(makeTemp('warden-test'));
    warden = keep(await startWarden({ policy: POLICY, users: [ALICE] }));
    layout = createLayout(temp.at('layout'));
    layout.image({}, 'v1');
    skopeo = createSkopeo({ folder: temp.at('skopeo') });
  });

  afterEach(async () => {
    for (const thing of started.splice(0).reverse()) await thing.stop();
  });

  async function pushFrom(source: string, repository: string) {
    const door = keep(await openDoor(source, warden));
    requireSuccess(await skopeo.login(door.address, { user: ALICE.name, password: ALICE.password }));
    return skopeo.push(layout.reference('v1'), `${door.address}/${repository}:v1`);
  }

  it('takes a push through one door, refuses it through another, and logs both', async () => {
    requireSuccess(await pushFrom('127.0.0.5', 'app'));
    const refused = await pushFrom('127.0.0.6', 'other');
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toContain('Ask the builders.');
    expect(refused.stderr).toContain('127.0.0.6');
    // The log is written a little later than the answer.
    const addresses = await eventually(
      () => warden.logLines().map((line) => line['address']),
      (found) => found.includes('127.0.0.6'),
    );
    expect(addresses).toContain('127.0.0.5');
  });

  it('has its records after a kill and a new start', async () => {
    requireSuccess(await pushFrom('127.0.0.5', 'app'));
    await warden.kill();
    expect((await skopeo.pull(`${warden.address}/app:v1`)).status).not.toBe(0);
    await warden.restart();
    requireSuccess(await skopeo.pull(`${warden.address}/app:v1`));
    const record = requireSuccess(await warden.cli(['audit', 'pushes', '--json']));
    expect(record.stdout).toContain('"app"');
  });
});
