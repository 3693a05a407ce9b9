import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, it } from '@jest/globals';
import { freeBytesOf } from '../../src/provenance/free-bytes.ts';
import type { RecordHealth } from '../../src/provenance/health.ts';
import { RecordUnavailable } from '../../src/provenance/record-errors.ts';
import { ANSWERED, anIntent, aRecorder, makeFolder, recordsOf, startLog, until } from './a-log.ts';

const folder = makeFolder();
afterAll(folder.remove);
const isRoot = process.getuid?.() === 0;
let turn = 0;
const next = (): string => join(folder.path, `log-${turn++}`);

/** A process that writes as fast as it can, told by its lines what it was told. */
const WRITER = new URL('./append-until-killed.ts', import.meta.url).pathname;

describe('the push log', () => {
  it('has one writer, and readers beside it', async () => {
    const path = next();
    const thread = await startLog(path);
    await expect(startLog(path)).rejects.toThrow(
      `${path} is in use by another process: one Warden writes a log`,
    );
    const other = spawn(process.execPath, [WRITER, path]);
    let said = '';
    other.stderr.on('data', (part) => {
      said += part;
    });
    await once(other, 'close');
    expect(said).toContain('is in use by another process');
    expect(recordsOf(path)).toEqual([]);
    for (const name of ['log.db', 'log.lock']) expect(statSync(join(path, name)).mode & 0o777).toBe(0o600);
    await thread.close();
    await (await startLog(path)).close();
  });

  it('keeps its lock when another of the same process was refused', async () => {
    const path = next();
    const thread = await startLog(path);
    await expect(startLog(path)).rejects.toThrow('in use');
    const other = spawn(process.execPath, [WRITER, path]);
    const [code] = (await once(other, 'close')) as [number];
    expect(code).toBe(1);
    await thread.close();
  });

  it('loses nothing that it acknowledged when its process is killed at any moment, and ends each intent once', async () => {
    const path = next();
    const told = { intended: new Set<string>(), concluded: new Map<string, number>() };
    for (let kill = 0; kill < 10; kill++) {
      const child = spawn(process.execPath, [WRITER, path], { stdio: ['ignore', 'pipe', 'inherit'] });
      const lines = createInterface(child.stdout);
      let seen = 0;
      const enough = 20 + Math.floor(Math.random() * 400);
      lines.on('line', (line) => {
        const [what, id, index] = line.split(' ');
        if (what === 'intended') told.intended.add(String(id));
        if (what === 'concluded') told.concluded.set(String(id), Number(index));
        if (++seen === enough) child.kill('SIGKILL');
      });
      await Promise.all([once(child, 'close'), once(lines, 'close')]);
      expect(child.signalCode).toBe('SIGKILL');
    }
    const thread = await startLog(path);
    const recorder = await aRecorder(thread);
    const left = recorder.unsettled();
    expect(left).toBeGreaterThan(0);
    // Nothing was sent anywhere, so each open intent came to nothing.
    await recorder.settle({
      settleMs: 0,
      lookTag: async () => undefined,
      lookDigest: async () => false,
      lookBlob: async () => false,
    });
    await recorder.close();
    await thread.close();

    const records = recordsOf(path);
    const pushes = records.filter(({ type }) => type.startsWith('push.'));
    const ids = new Set(records.map(({ id }) => id));
    expect(ids.size).toBe(records.length);
    for (const [id, index] of told.concluded)
      expect(records[index]).toMatchObject({ id, type: 'push.accepted' });
    expect([...told.intended].filter((id) => !ids.has(id))).toEqual([]);
    expect(pushes.filter(({ type }) => type === 'push.aborted')).toHaveLength(left);
    // Each tag is a chain: from and prev name the accepted record before.
    const last = new Map<string, { index: number; digest: string }>();
    for (const [index, record] of records.entries()) {
      if (record.type !== 'push.accepted' || !record.tag) continue;
      const before = last.get(record.tag.name);
      expect(record.tag.prev).toBe(before?.index);
      expect(record.tag.from).toBe(before?.digest);
      last.set(record.tag.name, { index, digest: record.subject.digest });
    }
    expect(last.size).toBeGreaterThan(1);
  });

  it('says in one sentence that its file is of no use', async () => {
    const path = next();
    mkdirSync(path);
    writeFileSync(join(path, 'log.db'), 'text '.repeat(1000));
    await expect(startLog(path)).rejects.toThrow(`the push log ${path}/log.db: it is not a database`);
  });
});

function mount(path: string, options: string): () => void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]);
  return () => execFileSync('umount', [path]);
}

(isRoot ? describe : describe.skip)(
  `the push log on a disk of its own${isRoot ? '' : ' [needs root]'}`,
  () => {
    it('refuses a read-only disk with one sentence, new or old', async () => {
      const path = next();
      const unmount = mount(path, 'size=4m');
      try {
        await (await startLog(join(path, 'old'))).close();
        execFileSync('mount', ['-o', 'remount,ro', path]);
        await expect(startLog(join(path, 'old'))).rejects.toThrow('cannot be written: its disk is read-only');
        await expect(startLog(join(path, 'new'))).rejects.toThrow('cannot be written: its disk is read-only');
      } finally {
        unmount();
      }
    });

    it('is unwritable when the disk is full, keeps what it had, and recovers when there is room', async () => {
      const path = next();
      const unmount = mount(path, 'size=3m');
      const heard: RecordHealth[] = [];
      try {
        const thread = await startLog(path);
        const recorder = await aRecorder(thread, { onHealth: (health) => heard.push(health) });
        const open = anIntent({ tag: 'open' });
        await recorder.intend(open);
        execFileSync('sh', ['-c', `dd if=/dev/zero of=${path}/filler bs=4k 2>/dev/null || true`]);
        const concluded: string[] = [];
        await expect(
          (async () => {
            for (;;) {
              const intent = anIntent({ labels: { filler: 'x'.repeat(1000) } });
              await recorder.intend(intent);
              await recorder.conclude(intent.id, ANSWERED);
              concluded.push(intent.id);
            }
          })(),
        ).rejects.toBeInstanceOf(RecordUnavailable);
        const full = { writable: false, why: 'the push record cannot be written: its disk is full' };
        expect(recorder.health()).toEqual(full);
        await expect(recorder.intend(anIntent())).rejects.toMatchObject({
          name: 'RECORD_UNAVAILABLE',
          why: full.why,
        });
        const settling = recorder.settleOne(open, {
          settleMs: 0,
          lookTag: async () => open.subject.digest,
          lookDigest: async () => true,
          lookBlob: async () => true,
        });
        execFileSync('rm', [`${path}/filler`]);
        await until('the record is writable again', () => recorder.health().writable);
        expect(await settling).toMatchObject({ type: 'push.accepted' });
        await recorder.intend(anIntent());
        expect(heard).toEqual([full, { writable: true }]);
        await recorder.close();
        await thread.close();
        const ids = recordsOf(path).map(({ id }) => id);
        expect(concluded.filter((id) => !ids.includes(id))).toEqual([]);
        expect(ids.filter((id) => id === open.id)).toHaveLength(1);
      } finally {
        unmount();
      }
    });

    it('is unwritable below the reserve, while pushes under way are concluded', async () => {
      const path = next();
      const unmount = mount(path, 'size=8m');
      try {
        const thread = await startLog(path);
        const recorder = await aRecorder(thread, {
          freeBytes: freeBytesOf(path),
          minimumFreeBytes: 4_000_000,
        });
        const open = anIntent();
        await recorder.intend(open);
        execFileSync('dd', ['if=/dev/zero', `of=${path}/filler`, 'bs=1M', 'count=5', 'status=none']);
        await until('the reserve is noticed', () => !recorder.health().writable);
        expect(recorder.health()).toMatchObject({
          why: expect.stringContaining('4000000 are kept as a reserve'),
        });
        await expect(recorder.intend(anIntent())).rejects.toBeInstanceOf(RecordUnavailable);
        expect(await recorder.conclude(open.id, ANSWERED)).toEqual({ index: 1 });
        expect(existsSync(join(path, 'filler'))).toBe(true);
        expect(recorder.health().writable).toBe(false);
        await recorder.close();
        await thread.close();
      } finally {
        unmount();
      }
    });
  },
);
