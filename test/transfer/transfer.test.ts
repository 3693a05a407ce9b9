import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { postgresLogReader } from '../../src/provenance/postgres-reader.ts';
import { createRecorder, type Recorder } from '../../src/provenance/recorder.ts';
import { openSqliteLog, openSqliteLogReader } from '../../src/provenance/sqlite-log.ts';
import { createCompactRange } from '../../src/tlog/compact-range.ts';
import { EMPTY_ROOT, leafHash } from '../../src/tlog/hashing.ts';
import { exportLog } from '../../src/transfer/export-log.ts';
import { importLog } from '../../src/transfer/import-log.ts';
import type { LogTarget } from '../../src/transfer/log-target.ts';
import { openPostgresTarget } from '../../src/transfer/postgres-target.ts';
import { openSqliteTarget } from '../../src/transfer/sqlite-target.ts';
import { entriesFrom } from '../../src/verify/bundle.ts';
import { folderSource } from '../../src/verify/source.ts';
import { aDigest, anIntent, recorderOptions } from '../provenance/a-log.ts';
import { push } from '../provenance/postgres-instances.ts';
import { describeNeeding } from '../support/needs.ts';
import { type RunningPostgres, startPostgres } from '../support/postgres.ts';
import { connectTo, openLog } from '../support/postgres-log.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

/** More than one bundle, the last not full. */
const PUSHES = 300;

describeNeeding(['postgres'], 'a log that moves', () => {
  let temp: Temp;
  let server: RunningPostgres;
  let leaves: readonly Uint8Array[] = [];
  let root = '';
  const digest = aDigest();

  const into = (target: LogTarget, from = temp.at('one')) =>
    importLog({ from, entries: entriesFrom(folderSource(from)), target });
  async function closing<T>(target: LogTarget, work: (target: LogTarget) => Promise<T>): Promise<T> {
    try {
      return await work(target);
    } finally {
      await target.close();
    }
  }
  const texts = (some: readonly Uint8Array[]) => some.map((leaf) => Buffer.from(leaf).toString());

  beforeAll(async () => {
    temp = makeTemp('transfer');
    server = await startPostgres();
    const store = await openSqliteLog({ folder: temp.at('data') });
    const recorder = await createRecorder({ ...recorderOptions(), store });
    await Promise.all(
      Array.from({ length: PUSHES }, (_, at) => push(recorder, anIntent({ tag: `t${at % 50}` }))),
    );
    for (const tag of ['gone', 'also-gone']) await push(recorder, anIntent({ tag, digest }));
    const { id, began, actor, peer, policy } = anIntent();
    await recorder.intend({
      id,
      began,
      deletes: 'manifest',
      subject: { repo: 'team/app', digest },
      actor,
      peer,
      policy,
    });
    await recorder.conclude(id, { type: 'manifest.deleted', backend: { status: 202 } });
    await recorder.close();
    await store.close();
    const reader = await openSqliteLogReader({ folder: temp.at('data') });
    leaves = await reader.entries(0, 1_000);
    ({ root } = await exportLog({ reader, tree: temp.at('none'), to: temp.at('one') }));
    await reader.close();
  }, 60_000);
  afterAll(async () => {
    await server?.stop();
    await temp?.stop();
  });

  async function whatFollows(recorder: Recorder): Promise<void> {
    // The log goes on where it was: the last push of a tag is known, and what was deleted is.
    expect(await recorder.lastOf('team/app', 'gone')).toEqual({ index: leaves.length - 1 });
    const last = await recorder.lastOf('team/app', 't7');
    expect(JSON.parse(texts(leaves)[last?.index ?? 0] ?? '')).toMatchObject({
      tag: { name: 't7' },
      subject: { digest: last?.digest },
    });
    expect(await push(recorder, anIntent({ tag: 't7', from: last?.digest }))).toEqual({
      index: leaves.length,
    });
  }

  it('from a file to PostgreSQL and back has the same bytes under the same indexes, and goes on', async () => {
    const address = await server.database();
    await closing(openPostgresTarget(connectTo(address)), into);
    const postgres = connectTo(address);
    const reader = postgresLogReader(postgres);
    expect(texts(await reader.entries(0, 1_000))).toEqual(texts(leaves));
    const again = await exportLog({ reader, tree: temp.at('none'), to: temp.at('two') });
    expect(again).toMatchObject({ size: leaves.length, root });
    await closing(openSqliteTarget(temp.at('back')), (target) => into(target, temp.at('two')));
    const back = await openSqliteLogReader({ folder: temp.at('back') });
    expect(texts(await back.entries(0, 1_000))).toEqual(texts(leaves));
    await back.close();
    await postgres.close();

    const log = openLog(address);
    const shared = await createRecorder({ ...recorderOptions(), store: log.store });
    await whatFollows(shared);
    await shared.close();
    await log.close();
    const store = await openSqliteLog({ folder: temp.at('back') });
    const own = await createRecorder({ ...recorderOptions(), store });
    await whatFollows(own);
    await own.close();
    await store.close();
  });

  it('is held against what was signed, not against what its folder says of itself', async () => {
    const signedFor = (target: LogTarget, size: number, of = leaves) => {
      const range = createCompactRange();
      for (const leaf of of.slice(0, size)) range.append(leafHash(leaf));
      const from = temp.at('one');
      const signed = { size, root: range.root() };
      return importLog({ from, entries: entriesFrom(folderSource(from)), target, signed });
    };
    const other = leaves.map((leaf, at) => (at === 5 ? Buffer.from('{}') : leaf));
    await closing(openSqliteTarget(temp.at('signed')), async (target) => {
      await expect(signedFor(target, 100, other)).rejects.toThrow(
        'is not what was signed: its first 100 entries have another root',
      );
      const longer = [...leaves, Buffer.from('{}')];
      await expect(signedFor(target, longer.length, longer)).rejects.toThrow(
        `is cut: ${longer.length} entries were signed, and it has ${leaves.length}`,
      );
      expect(await signedFor(target, 100)).toBe(leaves.length);
    });
  });

  it('is not mixed with one that is there', async () => {
    const address = await server.database();
    const log = openLog(address);
    const recorder = await createRecorder({ ...recorderOptions(), store: log.store });
    await closing(openPostgresTarget(connectTo(address)), (target) =>
      expect(into(target)).rejects.toThrow('the log has entries already; expected an empty one'),
    );
    await recorder.close();
    await log.close();
    await closing(openSqliteTarget(temp.at('data')), (target) =>
      expect(into(target)).rejects.toThrow('the log has entries already; expected an empty one'),
    );
  });

  it.each(['file', 'PostgreSQL'])(
    'half imported into a %s is used by nobody, and gone on with',
    async (kind) => {
      const address = await server.database();
      const folder = temp.at(`half-${kind}`);
      const open = () =>
        kind === 'file' ? openSqliteTarget(folder) : openPostgresTarget(connectTo(address));
      const broken = await closing(open(), (target) =>
        into({
          ...target,
          async add(from, entries) {
            if (from > 0) throw new Error('the process ended');
            await target.add(from, entries);
          },
        }).catch((error: Error) => error.message),
      );
      expect(broken).toBe('the process ended');
      const useIt = async () => {
        if (kind === 'file') return (await openSqliteLog({ folder })).close();
        const log = openLog(address);
        try {
          await log.store.takeOver();
        } finally {
          await log.close();
        }
      };
      await expect(useIt()).rejects.toThrow('is half imported: let warden log import go on to its end');
      const empty = temp.at(`empty-${kind}`);
      mkdirSync(empty);
      writeFileSync(
        `${empty}/export.json`,
        JSON.stringify({
          format: 'registry-warden-log',
          version: 1,
          size: 0,
          root: Buffer.from(EMPTY_ROOT).toString('base64'),
        }),
      );
      await closing(open(), (target) =>
        expect(
          importLog({
            from: empty,
            entries: async () => [],
            target,
          }),
        ).rejects.toThrow('half imported from another export'),
      );
      expect(await closing(open(), (target) => into(target))).toBe(leaves.length);
      await useIt();
    },
  );

  it('of which a byte is another is not begun with', async () => {
    const file = temp.at('one', 'tile', 'entries', '001.p', String(leaves.length - 256));
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"t');
    writeFileSync(file, Buffer.concat([bytes.subarray(0, at + 1), Buffer.from('T'), bytes.subarray(at + 2)]));
    await closing(openSqliteTarget(temp.at('damaged')), async (target) => {
      await expect(into(target)).rejects.toThrow('is damaged');
      expect(await target.begin('x')).toBe(0);
    });
    writeFileSync(file, bytes);
  });

  it('is exported on from where an export was broken off', async () => {
    const reader = await openSqliteLogReader({ folder: temp.at('data') });
    rmSync(temp.at('one', 'export.json'));
    await closing(openSqliteTarget(temp.at('unused')), (target) =>
      expect(into(target)).rejects.toThrow('it is no export, or one that was broken off'),
    );
    expect(await exportLog({ reader, tree: temp.at('none'), to: temp.at('one') })).toMatchObject({ root });
    await reader.close();
  });
});
