import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER } from '../gate/front.ts';
import { putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import type { Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { expectWhole } from './expect-whole.ts';
import { lookAtRegistry, pick, REPOSITORIES, TAGS, type Told, variantOf } from './kill-loop.ts';
import { type Pair, startPair } from './pair.ts';

const DEATHS = 24;
const PUSHERS = 6;
/** Milliseconds between two deaths, at most. */
const LONGEST_RUN = 1_200;

describeNeeding(
  ['docker-registry', 'postgres'],
  'several Wardens on one PostgreSQL, all of which die at random',
  () => {
    let temp: Temp;
    let pair: Pair;

    beforeAll(async () => {
      temp = makeTemp('several');
      pair = await startPair(temp);
    }, 60_000);
    afterAll(async () => {
      await pair?.stop();
      await temp?.stop();
    });

    it('have each push that was acknowledged on one record, in one order without a gap, and whole chains of tags', async () => {
      const { front, second, server } = pair;
      const token = await front.token({
        user: 'alice',
        scope: REPOSITORIES.map((name) => `repository:${name}:pull,push`),
      });
      const alice: With = { token, from: BUILDER };
      const places: readonly Place[] = [front.place, pair.secondPlace];
      const base = smallImage();
      for (const repository of REPOSITORIES) {
        for (const blob of [base.layer, base.config]) await putBlob(front.place, repository, blob, alice);
      }
      const told: (Told & { readonly by: number })[] = [];
      let going = true;
      async function push(): Promise<void> {
        const repository = pick(REPOSITORIES);
        const tag = randomInt(5) === 0 ? undefined : pick(TAGS);
        const image = variantOf(base);
        const by = randomInt(places.length);
        const status = await putManifest(
          places[by] as Place,
          repository,
          tag ?? image.digest,
          image,
          alice,
        ).then(
          (reply) => reply.status,
          () => undefined,
        );
        told.push({ repository, tag, digest: image.digest, status, by });
        if (status !== 201) await sleep(50);
      }
      const pushers = Array.from({ length: PUSHERS }, async () => {
        while (going) await push();
      });

      const died = { front: 0, second: 0, database: 0 };
      for (let death = 0; death < DEATHS; death++) {
        await sleep(randomInt(LONGEST_RUN));
        const who = pick(['front', 'second', 'database'] as const);
        died[who]++;
        if (who === 'database') {
          await server.kill();
          await sleep(randomInt(LONGEST_RUN));
          await server.restart();
        } else {
          const warden = who === 'front' ? front.warden : second;
          await warden.kill();
          await warden.restart();
        }
      }
      await sleep(LONGEST_RUN);
      const enough = told.length + 20;
      await eventually(
        () => told.length,
        (count) => count >= enough && told.slice(-10).some(({ status }) => status === 201),
        60_000,
      );
      going = false;
      await Promise.all(pushers);
      expect(Math.min(died.front, died.second, died.database)).toBeGreaterThan(0);

      const left = await eventually(pair.openIntents, (open) => open === 0, 60_000).catch(pair.openIntents);
      const leaves = await pair.leaves();
      const gaps = await pair.sql(
        'SELECT count(*) FROM warden.head WHERE size <> (SELECT count(*) FROM warden.entry) OR size <> (SELECT max(idx) + 1 FROM warden.entry)',
      );
      expectWhole({
        ...{
          told,
          leaves,
          openIntents: left,
          integrity: gaps === '0' ? 'ok' : 'the size is not the number of entries',
        },
        ...(await lookAtRegistry(front, leaves, alice)),
      });
      for (const by of [0, 1])
        expect(told.filter((one) => one.by === by && one.status === 201).length).toBeGreaterThan(0);
      expect(leaves.filter(({ type }) => type === 'log.opened')).toHaveLength(1);
    }, 600_000);
  },
);
