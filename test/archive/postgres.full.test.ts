import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createRecorder } from '../../src/provenance/recorder.ts';
import { systemClock } from '../../src/store/clock.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { openLog } from '../support/postgres-log.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const FUTURE = '2999-01-01';
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describeNeeding(['docker-registry', 'postgres'], 'an archive of old records of a log in PostgreSQL', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let address: string;
  let front: Front;
  let alice: With;
  let first: SmallImage;
  const archive = () => temp.at('archive');
  const log = (...args: string[]) => front.warden.cli(['log', ...args]);
  const verified = async (...args: string[]) => (await log('verify', ...args)).stdout;
  /** At one moment: the log grows meanwhile. */
  async function inLog() {
    const row = await server.sql(
      address,
      "SELECT concat_ws(' ', min(idx), count(*), (SELECT size FROM warden.head)) FROM warden.entry",
    );
    const [first, count, size] = row.split(' ').map(Number);
    return { first, count, size: size ?? Number.NaN };
  }

  async function signed(): Promise<void> {
    const { size } = await inLog();
    const checkpoint = join(front.warden.folder, 'data', 'tlog', 'checkpoint');
    await eventually(
      () => (existsSync(checkpoint) ? readFileSync(checkpoint, 'utf8') : ''),
      (note) => Number(note.split('\n')[1]) >= size,
      60_000,
    );
  }

  /** As another instance writes them, beside the Warden. */
  async function append(count: number): Promise<void> {
    const other = openLog(address, { patienceMs: 20_000 });
    const recorder = await createRecorder({
      ...{ store: other.store, clock: systemClock, random: (size: number) => randomBytes(size) },
      ...{ instance: 'test', version: '0.0.0', freeBytes: async () => 1e12, minimumFreeBytes: 0 },
    });
    await Promise.all(
      Array.from({ length: count }, (_, nth) =>
        recorder.append({ type: 'tag.drift', subject: { repo: 'pub' }, tag: { name: `t-${nth}` } }),
      ),
    );
    await recorder.close();
    await other.close();
    await signed();
  }

  beforeAll(async () => {
    temp = makeTemp('archive-postgres');
    server = await startPostgres();
    address = await server.database();
    writeFileSync(temp.at('database'), `${address}\n`, { mode: 0o600 });
    front = await startFront({
      users: ['alice', 'erin'],
      settings: {
        transparency: { origin: 'registry.test/push-log', keyFile: 'keys/log.pem' },
        tokens: { lifetimeSeconds: 3600 },
        store: { postgresUrlFile: temp.at('database'), leaseSeconds: 3, timeoutSeconds: 5 },
      },
    });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    first = smallImage();
    expect((await pushImage(front.place, 'pub', 'first', first, alice)).status).toBe(201);
    await append(800);
  }, 180_000);
  afterAll(async () => {
    await front?.stop();
    await server?.stop();
    await temp?.stop();
  });

  it('takes whole segments while pushes go on, says so on record, and all stays readable and provable', async () => {
    let going = true;
    const pushing = (async () => {
      while (going) {
        expect((await pushImage(front.place, 'pub', 'meanwhile', smallImage(), alice)).status).toBe(201);
      }
    })();
    const { status, stdout, stderr } = await log('archive', '--before', FUTURE, '--to', archive());
    going = false;
    await pushing;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('512 records are in');
    const { first: lowest, count, size } = await inLog();
    expect({ lowest, count }).toEqual({ lowest: 512, count: size - 512 });
    await signed();
    expect(await verified()).toMatch(/^good: /);
    const record = await eventually(
      () =>
        server.sql(
          address,
          "SELECT convert_from(leaf, 'UTF8') FROM warden.entry ORDER BY idx DESC LIMIT 300",
        ),
      (leaves) => leaves.includes('"log.archived"'),
    );
    expect(record).toContain(`"archive":{"folder":"${archive()}","until":512}`);
    const asked = await front.warden.cli(['audit', 'pushes', '--tag', 'first', '--json']);
    expect(asked.stdout).toContain(first.digest);
    expect(await log('proof', '--index', '3')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('index 3'),
    });
    // What is exported to be moved is whole.
    expect((await log('export', temp.at('export'))).status).toBe(0);
    expect(await verified(temp.at('export'))).toMatch(/^good: /);
  }, 180_000);

  it('is missed with the place where it was, and found where it is', async () => {
    renameSync(archive(), temp.at('moved'));
    try {
      const asked = await front.warden.cli(['audit', 'pushes', '--tag', 'first', '--json']);
      expect(asked.stderr).toContain(`records below 512 are in the archive ${archive()}`);
      expect(await verified('--archive', temp.at('moved'))).toMatch(/^good: /);
      expect((await pushImage(front.place, 'pub', 'without', smallImage(), alice)).status).toBe(201);
    } finally {
      renameSync(temp.at('moved'), archive());
    }
  }, 120_000);

  it('takes nothing more while a part of it is not what was signed', async () => {
    await append(300);
    const bundle = join(archive(), 'tile', 'entries', '000.gz');
    const good = readFileSync(bundle);
    writeFileSync(bundle, readFileSync(join(archive(), 'tile', 'entries', '001.gz')));
    const before = await inLog();
    const { status, stderr } = await log('archive', '--before', FUTURE, '--to', archive());
    writeFileSync(bundle, good);
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringContaining('nothing more is taken out of the log'),
    });
    const { first: lowest } = await inLog();
    expect(lowest).toBe(before.first);
  }, 120_000);

  it('is whole however often the command is killed, or the database', async () => {
    for (let kills = 0; kills < 6; kills++) {
      const args = ['log', 'archive', '--before', FUTURE, '--to', archive()];
      const child = spawn(process.execPath, [MAIN, ...args, '--config', front.warden.settingsFile], {
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await sleep(randomInt(600, 3_000));
      if (kills % 3 === 2) {
        await server.kill();
        await server.restart();
      } else child.kill('SIGKILL');
      await ended;
    }
    await eventually(
      async () => (await front.operations('/readyz/push')).status,
      (status) => status === 200,
      30_000,
    );
    expect((await log('archive', '--before', FUTURE, '--to', archive())).status).toBe(0);
    const { first: lowest, size } = await inLog();
    expect(lowest).toBeGreaterThanOrEqual((Math.floor(size / 256) - 2) * 256);
    expect(lowest).toBeGreaterThan(512);
    expect(await verified()).toMatch(/^good: /);
  }, 240_000);
});
