import { afterAll, beforeAll, it } from '@jest/globals';
import { type Front, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectWhole } from './expect-whole.ts';
import { pushWhileKilled } from './kill-loop.ts';

const KILLS = 120;

describeNeeding(['docker-registry'], 'the record of a Warden that is killed again and again', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({
      users: ['alice'],
      settings: { record: { settleSeconds: 1 }, tokens: { lifetimeSeconds: 3600 } },
    });
  }, 60_000);
  afterAll(() => front?.stop());

  it(`has every push that a client was told of, and no other, after ${KILLS} deaths`, async () => {
    expectWhole(await pushWhileKilled(front, KILLS));
  }, 1_800_000);
});
