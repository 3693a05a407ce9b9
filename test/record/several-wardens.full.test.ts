import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import type { Place } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { connectTo } from '../support/postgres-log.ts';
import { type SecondWarden, startSecondWarden } from '../support/second-warden.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { expectWhole } from './expect-whole.ts';
import { lookAtRegistry, pick, REPOSITORIES, TAGS, type Told, variantOf } from './kill-loop.ts';
import type { Leaf } from './read-log.ts';

const DEATHS = 24;
const PUSHERS = 6;
/** Milliseconds between two deaths, at most. */
const LONGEST_RUN = 1_200;

describeNeeding(
  ['docker-registry', 'postgres'],
  'several Wardens on one PostgreSQL, all of which die at random',
  () => {
    let server: RunningPostgres;
    let address = '';
    let temp: Temp;
    let front: Front;
    let second: SecondWarden;

    beforeAll(async () => {
      temp = makeTemp('several');
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
      });
      second = await startSecondWarden(front.warden);
    }, 60_000);
    afterAll(async () => {
      await second?.stop();
      await front?.stop();
      await server?.stop();
      await temp?.stop();
    });

    async function readLeaves(): Promise<Leaf[]> {
      const postgres = connectTo(address);
      const leaves = await postgresLogReader(postgres).entries(0, 1_000_000);
      await postgres.close();
      return leaves.map((leaf, index) => ({ ...(JSON.parse(Buffer.from(leaf).toString()) as Leaf), index }));
    }

    it('have each push that was acknowledged on one record, in one order without a gap, and whole chains of tags', async () => {
      const token = await front.token({
        user: 'alice',
        scope: REPOSITORIES.map((name) => `repository:${name}:pull,push`),
      });
      const alice: With = { token, from: BUILDER };
      const places: readonly Place[] = [front.place, { host: second.host, port: second.port }];
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

      const openIntents = async (): Promise<number> =>
        Number(await server.sql(address, 'SELECT count(*) FROM warden.intent'));
      const left = await eventually(openIntents, (open) => open === 0, 60_000).catch(openIntents);
      const leaves = await readLeaves();
      const gaps = await server.sql(
        address,
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
