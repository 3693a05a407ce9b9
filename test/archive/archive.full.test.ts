import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createRecorder } from '../../src/provenance/recorder.ts';
import { openSqliteLog } from '../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../src/store/clock.ts';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, type SmallImage, smallImage, type With } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

const MORE = 800;
const FUTURE = '2999-01-01';
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'main.ts');

describeNeeding(['docker-registry'], 'an archive of old records', () => {
  let temp: Temp;
  let front: Front;
  let alice: With;
  let first: SmallImage;
  const data = () => join(front.warden.folder, 'data');
  const archive = () => temp.at('archive');
  const log = (...args: string[]) => front.warden.cli(['log', ...args]);

  function inLog(): { first: number; count: number; size: number } {
    const db = new DatabaseSync(join(data(), 'log.db'), { readOnly: true, timeout: 5_000 });
    const row = db.prepare('SELECT min(idx) AS first, count(*) AS count FROM entry').get();
    const size = db.prepare('SELECT size FROM head').get()?.['size'];
    db.close();
    return { first: Number(row?.['first']), count: Number(row?.['count']), size: Number(size) };
  }

  async function signed(): Promise<void> {
    const { size } = inLog();
    await eventually(
      () =>
        existsSync(join(data(), 'tlog', 'checkpoint'))
          ? readFileSync(join(data(), 'tlog', 'checkpoint'), 'utf8')
          : '',
      (note) => Number(note.split('\n')[1]) >= size,
      60_000,
    );
  }

  /** Records of nothing in particular, while Warden does not run. */
  async function append(count: number): Promise<void> {
    await front.warden.kill();
    const store = await openSqliteLog({ folder: data() });
    const recorder = await createRecorder({
      store,
      clock: systemClock,
      random: (size) => randomBytes(size),
      instance: 'test',
      version: '0.0.0',
      freeBytes: async () => 1e12,
      minimumFreeBytes: 0,
    });
    await Promise.all(
      Array.from({ length: count }, (_, nth) =>
        recorder.append({ type: 'tag.drift', subject: { repo: 'pub' }, tag: { name: `t-${nth}` } }),
      ),
    );
    await recorder.close();
    await store.close();
    await front.warden.restart();
    await signed();
  }

  const verified = async (...args: string[]) =>
    (await front.warden.cli([...'warden log verify'.split(' ').slice(1), ...args])).stdout;

  beforeAll(async () => {
    temp = makeTemp('archive');
    front = await startFront({
      users: ['alice'],
      settings: {
        transparency: { origin: 'registry.test/push-log', keyFile: 'keys/log.pem' },
        tokens: { lifetimeSeconds: 3600 },
      },
    });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    first = smallImage();
    expect((await pushImage(front.place, 'pub', 'first', first, alice)).status).toBe(201);
    await append(MORE);
  }, 180_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  it('takes nothing that is not old enough', async () => {
    const documented = 'warden log archive --before 2025-01-01 --to /srv/registry-warden-archive';
    const words = documented
      .split(' ')
      .map((word) => word.replace('/srv/registry-warden-archive', archive()));
    const { status, stdout } = await front.warden.cli(words.slice(1));
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining('nothing to archive') });
    expect(inLog().first).toBe(0);
  }, 60_000);

  it('takes whole segments while Warden runs and pushes go on, and all stays readable and provable', async () => {
    let going = true;
    let pushed = 0;
    const pushing = (async () => {
      for (; going; pushed++) {
        expect((await pushImage(front.place, 'pub', 'meanwhile', smallImage(), alice)).status).toBe(201);
      }
    })();
    const { status, stdout, stderr } = await log('archive', '--before', FUTURE, '--to', archive());
    going = false;
    await pushing;
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('512 records are in');
    expect(pushed).toBeGreaterThan(0);
    expect(inLog()).toMatchObject({ first: 512, count: inLog().size - 512 });
    await signed();
    expect(await verified()).toMatch(/^good: /);
    // The record of the first push is read from the archive, also by an index that is made anew.
    await front.warden.kill();
    for (const name of readdirSync(data())) if (name.startsWith('index.db')) rmSync(join(data(), name));
    await front.warden.restart();
    const asked = await front.warden.cli(['audit', 'pushes', '--tag', 'first', '--json']);
    expect(asked.stdout).toContain(first.digest);
    const proof = await log('proof', '--index', '3');
    expect(proof).toMatchObject({ status: 0, stdout: expect.stringContaining('index 3') });
  }, 120_000);

  it('is missed with the place where it was, and found where it is', async () => {
    renameSync(archive(), temp.at('moved'));
    try {
      const asked = await front.warden.cli(['audit', 'pushes', '--tag', 'first', '--json']);
      expect(asked.status).not.toBe(0);
      expect(asked.stderr).toContain(`records below 512 are in the archive ${archive()}`);
      expect(await verified('--archive', temp.at('moved'))).toMatch(/^good: /);
      // Pushes and pulls do not need it.
      expect((await pushImage(front.place, 'pub', 'without', smallImage(), alice)).status).toBe(201);
      expect((await front.ask({ path: '/v2/pub/manifests/first', ...alice })).status).toBe(200);
    } finally {
      renameSync(temp.at('moved'), archive());
    }
    expect(await verified()).toMatch(/^good: /);
  }, 120_000);

  it('is left out of a backup, which is whole all the same', async () => {
    expect(await front.warden.cli(['backup', temp.at('backup')])).toMatchObject({ status: 0, stderr: '' });
    expect(await front.warden.cli(['restore', temp.at('backup'), '--verify'])).toMatchObject({ status: 0 });
    expect(existsSync(temp.at('backup', 'data', 'tlog', 'tile', 'entries', '000.gz'))).toBe(false);
  }, 60_000);

  it('takes nothing more while a part of it is not what was signed', async () => {
    await append(300);
    const bundle = join(archive(), 'tile', 'entries', '000.gz');
    const good = readFileSync(bundle);
    writeFileSync(bundle, readFileSync(join(archive(), 'tile', 'entries', '001.gz')));
    const before = inLog();
    const { status, stderr } = await log('archive', '--before', FUTURE, '--to', archive());
    expect({ status, stderr }).toEqual({
      status: 3,
      stderr: expect.stringContaining('nothing more is taken out of the log'),
    });
    expect(inLog()).toEqual(before);
    writeFileSync(bundle, good);
    // Nor is anything written over: it may be the archive of another log, or of this one as it was before a restore.
    const next = join(archive(), 'tile', 'entries', '002.gz');
    writeFileSync(next, good);
    const over = await log('archive', '--before', FUTURE, '--to', archive());
    expect(over).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('002.gz is there already, and holds other records'),
    });
    expect(readFileSync(next)).toEqual(good);
    expect(inLog()).toEqual(before);
    rmSync(next);
    const elsewhere = await log('archive', '--before', FUTURE, '--to', temp.at('another'));
    expect(elsewhere).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('an archive is one folder'),
    });
  }, 120_000);

  it('is whole however often it is killed in the middle', async () => {
    for (let kills = 0; kills < 8; kills++) {
      const child = spawn(
        process.execPath,
        [
          MAIN,
          'log',
          'archive',
          '--before',
          FUTURE,
          '--to',
          archive(),
          '--config',
          front.warden.settingsFile,
        ],
        { stdio: 'ignore' },
      );
      const ended = new Promise((resolve) => child.once('exit', resolve));
      await sleep(randomInt(600, 2_500));
      child.kill('SIGKILL');
      await ended;
    }
    expect((await log('archive', '--before', FUTURE, '--to', archive())).status).toBe(0);
    // All whole segments but the newest.
    const { first: lowest, size } = inLog();
    expect(lowest).toBe((Math.floor(size / 256) - 1) * 256);
    expect(lowest).toBeGreaterThan(512);
    expect(await verified()).toMatch(/^good: /);
  }, 120_000);
});
