import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { restoreBackup } from '../../src/backup/restore-backup.ts';
import { verifyBackup } from '../../src/backup/verify-backup.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

describeNeeding(['docker-registry'], 'a backup', () => {
  let temp: Temp;
  let front: Front;
  let alice: With;
  const data = () => join(front.warden.folder, 'data');
  const backup = (name: string, ...args: string[]) => front.warden.cli(['backup', temp.at(name), ...args]);
  const verify = (name: string) => front.warden.cli(['restore', temp.at(name), '--verify']);
  const logOf = (name: string) => readLog(temp.at(name, 'data'));

  beforeAll(async () => {
    temp = makeTemp('backup');
    front = await startFront({ users: ['alice'], settings: { record: { settleSeconds: 1 } } });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    for (const tag of ['a', 'b']) {
      expect((await pushImage(front.place, 'pub', tag, smallImage(), alice)).status).toBe(201);
    }
    expect((await backup('first')).status).toBe(0);
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  it('is made while pushes go on, and has all that were told before it', async () => {
    let going = true;
    const told: string[] = [];
    const base = smallImage();
    for (const blob of [base.layer, base.config]) await putBlob(front.place, 'pub', blob, alice);
    const pushing = (async () => {
      while (going) {
        const { status } = await putManifest(front.place, 'pub', 'running', base, alice);
        expect(status).toBe(201);
        told.push(base.digest);
      }
    })();
    while (told.length < 3) await new Promise((done) => setTimeout(done, 10));
    const before = told.length;
    const { status, stdout } = await backup('running');
    going = false;
    await pushing;
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/: backup of \S+Z: \d+ records, root [A-Za-z0-9+/]{43}=; \d+ files\n$/),
    });
    expect(told.length).toBeGreaterThan(before);
    const copied = logOf('running').filter(({ tag }) => tag?.name === 'running');
    expect(copied.length).toBeGreaterThanOrEqual(before);
    expect(await verify('running')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(': whole; '),
    });
    expect(readdirSync(temp.at('running')).sort()).toEqual(['backup.json', 'data', 'users.yaml']);
    expect(existsSync(temp.at('running', 'data', 'index.db'))).toBe(false);
    for (const name of ['log.db', 'policies.db']) {
      expect(statSync(temp.at('running', 'data', name)).mode & 0o777).toBe(0o600);
    }
  }, 60_000);

  it('holds keys only where they are asked for', async () => {
    expect((await backup('with-keys', '--with-keys')).status).toBe(0);
    expect(readdirSync(temp.at('with-keys', 'keys')).sort()).toEqual([
      'tokens.pem',
      'upstream-ca.pem',
      'upstream.crt',
      'upstream.pem',
    ]);
    expect(await verify('with-keys')).toMatchObject({ status: 0 });
  });

  it('is never made into a folder that holds something', async () => {
    expect(await backup('first')).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('first is not empty; each backup needs a folder of its own'),
    });
  });

  it.each<[string, (folder: string) => void, string]>([
    [
      'lacks its list',
      (folder) => rmSync(join(folder, 'backup.json')),
      'is no whole backup: it has no backup.json',
    ],
    ['lacks a file', (folder) => rmSync(join(folder, 'users.yaml')), 'users.yaml is missing'],
    [
      'has another file',
      (folder) => writeFileSync(join(folder, 'data', 'x.db'), ''),
      'x.db is not of this backup',
    ],
    [
      'has a file that was changed',
      (folder) => appendFileSync(join(folder, 'data', 'policies.db'), 'x'),
      'policies.db is not as it was when the backup was made',
    ],
    [
      'has another log',
      (folder) => {
        const file = join(folder, 'data', 'log.db');
        const db = new DatabaseSync(file);
        db.exec('UPDATE entry SET leaf = zeroblob(10) WHERE idx = 1');
        db.close();
      },
      'log.db is not as it was when the backup was made',
    ],
    [
      'has a name that leads out of it',
      (folder) => {
        const file = join(folder, 'backup.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"users.yaml"', '"../users.yaml"'));
      },
      'is not what this release of Warden writes for a backup',
    ],
  ])('is refused when it %s', async (_what, change, sentence) => {
    const name = 'changed';
    rmSync(temp.at(name), { recursive: true, force: true });
    cpSync(temp.at('first'), temp.at(name), { recursive: true });
    change(temp.at(name));
    await expect(verifyBackup(temp.at(name))).rejects.toThrow(sentence);
    const place = { data: temp.at('place'), users: undefined, keys: [] };
    await expect(restoreBackup({ from: temp.at(name), ...place })).rejects.toThrow(sentence);
    expect(existsSync(place.data)).toBe(false);
  });

  it('is put back where nothing is, and Warden goes on from it', async () => {
    const late = smallImage();
    expect((await pushImage(front.place, 'pub', 'a', late, alice)).status).toBe(201);
    const over = await front.warden.cli(['restore', temp.at('first')]);
    expect(over).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('is there: stop Warden and move'),
    });

    await front.warden.kill();
    renameSync(data(), temp.at('lost'));
    mkdirSync(data(), { mode: 0o700 });
    const usersFile = join(front.warden.folder, 'users.yaml');
    const users = readFileSync(usersFile, 'utf8');
    rmSync(usersFile);
    expect(await front.warden.cli(['restore', temp.at('first')])).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(usersFile, 'utf8')).toBe(users);
    await front.warden.restart();
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    // What was pushed since the backup is in the registry, and shows as what came round this record.
    const next = smallImage();
    expect((await pushImage(front.place, 'pub', 'a', next, alice)).status).toBe(201);
    const leaves = readLog(data());
    const kept = logOf('first');
    expect(leaves.slice(0, kept.length)).toEqual(kept);
    expect(leaves.slice(kept.length).filter(({ tag }) => tag?.name === 'a')).toMatchObject([
      { type: 'tag.drift', subject: { digest: late.digest } },
      { type: 'push.accepted', subject: { digest: next.digest }, tag: { from: late.digest } },
    ]);
    const asked = await front.warden.cli(['audit', 'pushes', '--repository', 'pub', '--json']);
    expect(asked.status).toBe(0);
    expect(asked.stdout).toContain(next.digest);
  }, 60_000);
});
