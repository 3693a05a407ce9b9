/** What happens to pulls and pushes when something is wrong with the files of the record, by the real faults. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import {
  pushImage,
  putManifest,
  type SmallImage,
  smallImage,
  startUpload,
  type With,
} from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { must, run } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { readLog } from './read-log.ts';

const PAUSED = 'pushes are paused: the push record cannot be written; pulls go on';

export interface Place {
  readonly data: string;
  readonly temp: Temp;
  /** The image of the file system, where the disk is one of ext4. */
  readonly image: string;
}

/** `tmpfs` is quick; `ext4`, in an image, fails as a disk does. */
export type Disk = 'tmpfs' | 'ext4';

export interface Fault {
  readonly title: string;
  /** `start`: it is so before Warden starts. `running`: it becomes so while it runs. */
  readonly when: 'start' | 'running';
  /** Makes it so; the returned function mends it, with Warden stopped where that is needed. */
  readonly make: (place: Place, front: Front) => Promise<(front: Front) => Promise<void> | void>;
  /** What the operators' listener says of it. */
  readonly says: RegExp;
}

const logFile = ({ data }: Place): string => join(data, 'log.db');

/** Puts the good copy of the log back, without what belongs to the broken one. */
function damagedBy(damage: (file: string) => void): Fault['make'] {
  return async (place) => {
    const good = place.temp.at('good.db');
    checkpoint(logFile(place));
    copyFileSync(logFile(place), good);
    damage(logFile(place));
    return () => copyFileSync(good, logFile(place));
  };
}

/** Moves what the write-ahead log holds into the file, of a log that nobody has open. */
function checkpoint(file: string): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}

function overwrite(file: string, at: number, bytes: number): void {
  const handle = openSync(file, 'r+');
  writeSync(handle, Buffer.alloc(bytes, 0x5a), 0, bytes, at);
  closeSync(handle);
}

function rootPageOf(file: string, table: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  const row = db.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').get(table);
  db.close();
  return Number(row?.['rootpage']);
}

async function fill({ data }: Place): Promise<() => void> {
  const filler = join(data, 'filler');
  const { bavail, bsize } = statfsSync(data);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  return () => rmSync(filler);
}

/** A process of its own that holds the file as its only writer until it is mended. */
async function hold(place: Place): Promise<() => Promise<void>> {
  const script = `
    const { DatabaseSync } = require('node:sqlite');
    const db = new DatabaseSync(process.argv[1]);
    db.exec('PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE');
    console.log('held');
    process.stdin.resume();
    process.stdin.on('end', () => db.close());`;
  const child = spawn(process.execPath, ['-e', script, logFile(place)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return () =>
    new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.stdin.end();
    });
}

export const FAULTS: readonly Fault[] = [
  { title: 'a disk that is full at the start', when: 'start', make: fill, says: /full|bytes free/ },
  {
    title: 'a disk that is read-only at the start',
    when: 'start',
    async make({ data }) {
      await must('mount', ['-o', 'remount,ro', data]);
      return async () => void (await must('mount', ['-o', 'remount,rw', data]));
    },
    says: /read-only/,
  },
  {
    title: 'a log whose header is destroyed',
    when: 'start',
    make: damagedBy((file) => overwrite(file, 0, 100)),
    says: /not a database/,
  },
  {
    title: 'a log of which a page is overwritten',
    when: 'start',
    make: damagedBy((file) => overwrite(file, (rootPageOf(file, 'tag') - 1) * 8192, 8192)),
    says: /damaged/,
  },
  {
    title: 'a log whose last records are cut off',
    when: 'start',
    make: damagedBy((file) => {
      const db = new DatabaseSync(file);
      db.exec('DELETE FROM entry WHERE idx = (SELECT max(idx) FROM entry)');
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      db.close();
    }),
    says: /damaged/,
  },
  { title: 'a log that another process holds at the start', when: 'start', make: hold, says: /locked/ },
  {
    title: 'a log that another process holds for a while',
    when: 'running',
    async make(place) {
      const db = new DatabaseSync(logFile(place));
      db.exec('BEGIN IMMEDIATE');
      return () => db.close();
    },
    says: /locked/,
  },
  {
    title: 'a log that is taken away while it is in use, and put back',
    when: 'running',
    async make({ data }) {
      // A mounted folder cannot be moved; what counts is that its names are gone.
      const names = ['log.db', 'log.db-wal', 'log.db-shm'];
      mkdirSync(join(data, 'aside'));
      for (const name of names) renameSync(join(data, name), join(data, 'aside', name));
      return () => {
        for (const name of names) renameSync(join(data, 'aside', name), join(data, name));
      };
    },
    says: /removed while it was in use/,
  },
];

/** Ends the fault: Warden is started again on the mended disk. */
function onAnotherDisk(place: Place): Awaited<ReturnType<Fault['make']>> {
  return async (front) => {
    await stopped(front);
    await repair(place);
    await front.warden.restart();
  };
}

export const FAULTS_OF_EXT4: readonly Fault[] = [
  {
    title: 'a disk that failed before the start',
    when: 'start',
    // With all files of the log in their place they can be opened and read, and nothing says that none can be written.
    async make(place, front) {
      await front.warden.restart();
      await front.warden.kill();
      await failingDisk(place);
      return onAnotherDisk(place);
    },
    says: /read-only|input\/output|full|free space/,
  },
  {
    title: 'a disk that hangs',
    when: 'running',
    // Whoever writes there waits, in the kernel, until it thaws.
    async make({ data }) {
      await must('fsfreeze', ['--freeze', data]);
      return async () => void (await must('fsfreeze', ['--unfreeze', data]));
    },
    says: /its disk has not answered for 7 seconds/,
  },
  {
    title: 'a disk that is gone',
    when: 'running',
    async make(place) {
      await shutDown(place);
      return onAnotherDisk(place);
    },
    says: /input\/output|free space/,
  },
  {
    title: 'a disk that becomes read-only since it fails',
    when: 'running',
    async make(place) {
      await failingDisk(place);
      return onAnotherDisk(place);
    },
    says: /read-only|input\/output|full|free space/,
  },
];

/** The device of the image, whose file system the kernel knows by the device's name. */
async function failingDisk({ image }: Place): Promise<void> {
  const [device = ''] = (await must('losetup', ['--noheadings', '--output', 'NAME', '-j', image]))
    .trim()
    .split('\n');
  // As the kernel does at the first error of the device.
  writeFileSync(`/sys/fs/ext4/${basename(device.trim())}/trigger_fs_error`, 'a test\n');
}

/** From now on all that is asked of the file system fails, by EXT4_IOC_SHUTDOWN without a last write. */
async function shutDown({ data }: Place): Promise<void> {
  const script =
    'import fcntl, os, struct, sys; fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack("I", 2))';
  await must('python3', ['-c', script, data]);
}

/**
 * Mends what is on the disk, and puts it in place as another disk: while a process with a namespace of its own, of
 * whatever other test, still has the failing one mounted, the kernel goes on with that, and it stays read-only.
 */
async function repair({ data, image }: Place): Promise<void> {
  await must('umount', [data]);
  const mended = `${image}.mended`;
  copyFileSync(image, mended);
  // Its status says what it mended.
  await run('e2fsck', ['-f', '-y', mended]);
  renameSync(mended, image);
  await mountDisk('ext4', { data, image });
}

async function mountDisk(disk: Disk, { data, image }: Pick<Place, 'data' | 'image'>): Promise<void> {
  if (disk === 'tmpfs') await must('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', data]);
  else await must('mount', ['-o', 'loop,errors=remount-ro', image, data]);
}

async function stopped(front: Front): Promise<void> {
  const pid = front.warden.pid();
  front.warden.signal('SIGTERM');
  await eventually(
    () => isAlive(pid),
    (alive) => !alive,
  );
}

/** Each of the faults, with a Warden and a registry of its own on a small disk. */
export function itServesPullsThrough(faults: readonly Fault[], disk: Disk): void {
  const needs = ['docker-registry', 'root'] as const;
  describeNeeding(needs, `a record in trouble, on ${disk}`, () => {
    let temp: Temp;
    let place: Place;
    let front: Front;
    let alice: With;
    let image: SmallImage;

    beforeAll(async () => {
      temp = makeTemp('faults');
      place = { temp, data: temp.at('data'), image: temp.at('disk.img') };
      mkdirSync(place.data, { mode: 0o700 });
      if (disk === 'ext4') {
        writeFileSync(place.image, '');
        truncateSync(place.image, 32 * 1024 * 1024);
        await must('mkfs.ext4', ['-q', '-F', place.image]);
      }
      await mountDisk(disk, place);
      const settings = {
        data: place.data,
        record: { minimumFreeMegabytes: 1, settleSeconds: 1, timeoutSeconds: 7 },
        tokens: { lifetimeSeconds: 3600 },
      };
      front = await startFront({ users: ['alice'], settings });
      const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push' });
      alice = { token, from: BUILDER };
      image = smallImage();
      expect((await pushImage(front.place, 'pub', 'before', image, alice)).status).toBe(201);
    }, 60_000);
    afterAll(async () => {
      if (disk === 'ext4') await run('fsfreeze', ['--unfreeze', place.data]);
      await front?.stop();
      await must('umount', [place.data]).catch(() => undefined);
      await temp?.stop();
    });

    const pushable = () => front.operations('/readyz/push');

    it.each(faults)(
      'serves pulls, refuses pushes with the reason, and recovers by itself: $title',
      async ({ when, make, says }) => {
        if (when === 'start') {
          await stopped(front);
        }
        const mend = await make(place, front);
        // Which waits until pulls can be served.
        if (when === 'start') await front.warden.restart();
        // Nobody is told that pushes are taken before that was tried.
        if (when === 'start') expect((await pushable()).status).toBe(503);
        // What is noticed only by a write is made to be.
        if (when === 'running') await putManifest(front.place, 'pub', 'noticed', image, alice);
        const state = await eventually(pushable, ({ status }) => status === 503, 20_000);
        expect(state.text).toMatch(says);

        const anonymous = { token: await front.token({ scope: 'repository:pub:pull' }) };
        const pulled = await front.ask({ path: '/v2/pub/manifests/before', ...anonymous });
        expect(pulled.headers['docker-content-digest']).toBe(image.digest);
        const blob = await front.ask({ path: `/v2/pub/blobs/${image.layer.digest}`, ...anonymous });
        expect(blob.status).toBe(200);
        expect((await front.askToken({ user: 'alice', scope: 'repository:pub:pull' })).status).toBe(200);
        for (const reply of [
          await startUpload(front.place, 'pub', alice),
          await putManifest(front.place, 'pub', 'during', image, alice),
        ]) {
          expect(reply.status).toBe(403);
          expect(reply.error).toEqual({ code: 'DENIED', message: PAUSED });
        }

        await mend(front);
        await eventually(pushable, ({ status }) => status === 200, 20_000);
        const after = smallImage();
        expect((await pushImage(front.place, 'pub', 'after', after, alice)).status).toBe(201);
        const accepted = readLog(place.data).filter(({ type }) => type === 'push.accepted');
        expect(accepted.map(({ subject }) => subject?.digest)).toEqual(
          expect.arrayContaining([image.digest, after.digest]),
        );
        expect(accepted.some(({ tag }) => tag?.name === 'during')).toBe(false);
      },
      60_000,
    );
  });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
