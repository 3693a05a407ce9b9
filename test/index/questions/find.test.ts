import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RecordFilters } from '../../../src/index/questions/filters.ts';
import { createRecordIndex, type RecordIndex } from '../../../src/index/record-index.ts';
import { sqliteIndex, startIndexThread } from '../../../src/index/sqlite/sqlite-index.ts';
import type { LogReader } from '../../../src/provenance/log-store.ts';
import type { Recorder } from '../../../src/provenance/recorder.ts';
import { openSqliteLogReader } from '../../../src/provenance/sqlite-log.ts';
import { systemClock } from '../../../src/store/clock.ts';
import type { Thread } from '../../../src/store/thread.ts';
import {
  ANSWERED,
  anIntent,
  aRecorder,
  type IntentChanges,
  makeFolder,
  recordsOf,
  startLog,
  until,
} from '../../provenance/a-log.ts';

const folder = makeFolder();
const hex = (character: string): string => `sha256:${character.repeat(64)}`;
let log: Thread;
let recorder: Recorder;
let thread: Thread;
let index: RecordIndex;
let reader: LogReader;
let now = Date.parse('2026-03-01T12:00:00Z');

const startIndex = (): Promise<Thread> => startIndexThread({ folder: folder.path });
const indexOver = (over: Thread): RecordIndex =>
  createRecordIndex({ store: sqliteIndex(over), log: reader, clock: systemClock });

async function push(changes: IntentChanges): Promise<void> {
  now += 3_600_000;
  const intent = anIntent({ began: new Date(now).toISOString(), ...changes });
  await recorder.intend(intent);
  await recorder.conclude(intent.id, ANSWERED);
}

beforeAll(async () => {
  log = await startLog(folder.path);
  recorder = await aRecorder(log, { clock: { ...systemClock, now: () => now, elapsed: () => now } });
  await push({ repo: 'team/app', tag: '1.0', digest: hex('a') }); // 1
  await push({ repo: 'team/app', tag: '1.1', digest: hex('b'), peer: { ip: '10.9.0.1' } }); // 2
  await push({ repo: 'team/app/sub', tag: 'latest', digest: hex('c'), subject: { config: hex('d') } }); // 3
  await push({
    repo: 'team', // 4
    tag: '1.0',
    digest: hex('e'),
    subject: { children: [{ digest: hex('1'), platform: 'linux/arm64' }, { digest: hex('2') }] },
  });
  await push({
    repo: 'teamwork/app',
    tag: null,
    digest: hex('a'),
    policy: { rules: ['other', 'builders-push'] },
  }); // 5
  await recorder.append({
    type: 'push.refused',
    reason: 'POLICY_DENIED',
    count: 1,
    since: '2026-03-02T00:00:00.000Z',
    until: '2026-03-02T00:00:00.000Z',
    subject: { repo: 'team/app' },
    actor: { sub: '', kind: 'anonymous', method: 'none', evidence: 'observed' },
    peer: { ip: '2001:db8::7' },
    policy: { rules: ['nobody'] },
  }); // 6
  reader = await openSqliteLogReader({ folder: folder.path });
  thread = await startIndex();
  index = indexOver(thread);
});
afterAll(async () => {
  await index.close();
  await thread.close();
  await reader.close();
  await recorder.close();
  await log.close();
  folder.remove();
});

async function indexes(filters: RecordFilters): Promise<readonly number[]> {
  return (await index.find({ filters, limit: 100 })).answer.rows.map((row) => row.index);
}

const QUESTIONS: readonly (readonly [RecordFilters, readonly number[]])[] = [
  [{}, [6, 5, 4, 3, 2, 1, 0]],
  [{ repository: 'team/app' }, [6, 2, 1]],
  [{ repository: 'team/*' }, [6, 2, 1]],
  [{ repository: 'team/**' }, [6, 3, 2, 1]],
  [{ repository: 'team*/**' }, [6, 5, 3, 2, 1]],
  [{ repository: '**/app' }, [6, 5, 2, 1]],
  [{ repository: '**' }, [6, 5, 4, 3, 2, 1]],
  [{ tag: '1.0' }, [4, 1]],
  [{ tag: '1.*' }, [4, 2, 1]],
  [{ tag: '*' }, [4, 3, 2, 1]],
  [{ user: 'builder' }, [5, 4, 3, 2, 1]],
  [{ user: '' }, [6]],
  [{ user: "x' OR 1=1 --" }, []],
  [{ host: 'jenkins-01' }, [5, 4, 3, 1]],
  [{ network: '10.9.0.1' }, [2]],
  [{ network: '10.0.0.0/8' }, [5, 4, 3, 2, 1]],
  [{ network: '2001:db8::/32' }, [6]],
  [{ digest: hex('a') }, [5, 1]],
  [{ digest: 'sha256:aaaaaaa' }, [5, 1]],
  [{ digest: 'sha256:ddddddd' }, [3]],
  [{ digest: 'sha256:2222222' }, [4]],
  [{ digest: 'sha256:3333333' }, []],
  [{ types: ['push.refused', 'log.opened'] }, [6, 0]],
  [{ rule: 'builders-push' }, [5, 4, 3, 2, 1]],
  [{ rule: 'other' }, [5]],
  [{ since: Date.parse('2026-03-01T14:00:00Z'), until: Date.parse('2026-03-01T16:00:00Z') }, [3, 2]],
  [{ repository: 'team/**', tag: '1.*', network: '10.1.0.0/16' }, [1]],
];

describe('the index', () => {
  it.each(QUESTIONS)('finds by %j', async (filters, expected) => {
    expect(await indexes(filters)).toEqual(expected);
  });

  it('gives records as they are stored, and says what it covers', async () => {
    const { answer, watermark } = await index.find({ filters: { tag: 'latest' }, limit: 1 });
    expect(watermark).toBe(7);
    expect(answer.rows).toMatchObject([{ index: 3, repository: 'team/app/sub', time: expect.any(Number) }]);
    expect(await index.records([3, 0])).toMatchObject([
      { type: 'push.accepted', subject: { config: hex('d') } },
      { type: 'log.opened' },
    ]);
  });

  it('goes on from where a page ended', async () => {
    const seen: number[] = [];
    let before: number | undefined;
    do {
      const { answer } = await index.find({ filters: {}, limit: 3, ...(before !== undefined && { before }) });
      seen.push(...answer.rows.map((row) => row.index));
      before = answer.reached;
    } while (before !== undefined);
    expect(seen).toEqual([6, 5, 4, 3, 2, 1, 0]);
  });

  it('answers the same after it was deleted', async () => {
    const before = await Promise.all(QUESTIONS.map(([filters]) => indexes(filters)));
    await thread.close();
    for (const ending of ['', '-wal', '-shm'])
      rmSync(join(folder.path, `index.db${ending}`), { force: true });
    thread = await startIndex();
    index = indexOver(thread);
    expect(await Promise.all(QUESTIONS.map(([filters]) => indexes(filters)))).toEqual(before);
  });

  it('is filled by two at once without a record twice or missing', async () => {
    const second = await startIndex();
    const other = indexOver(second);
    const writing = (async () => {
      for (let n = 0; n < 50; n++) await push({ repo: 'both/at-once' });
    })();
    const asking = [index, other].map(async (one) => {
      for (let n = 0; n < 30; n++) await one.catchUp();
    });
    await Promise.all([writing, ...asking]);
    const size = (await recorder.counters()).size;
    for (const one of [index, other]) {
      const { answer, watermark } = await one.find({ filters: {}, limit: 1000 });
      expect(watermark).toBe(size);
      expect(answer.rows.map((row) => row.index)).toEqual(
        Array.from({ length: size }, (_, n) => size - 1 - n),
      );
    }
    await other.close();
    await second.close();
  });

  it('is kept filled in the background', async () => {
    const failures: unknown[] = [];
    const filling = createRecordIndex({
      store: sqliteIndex(thread),
      log: reader,
      clock: systemClock,
      fillEveryMs: 5,
      onFailure: (e) => failures.push(e),
    });
    await push({ repo: 'filled/alone' });
    const { size } = await recorder.counters();
    await until('the new entry is indexed', async () => {
      const { watermark } = await thread.call<{ watermark: number }>('mark');
      return watermark === size;
    });
    await filling.close();
    expect(failures).toEqual([]);
  });

  it.each([
    ['past it', 2],
    ['to it', 0],
  ])(
    'of a log that was put back beneath it, and has grown %s by other records, is made again',
    async (_, more) => {
      const size = await reader.size();
      const [all, kept] = [await indexes({}), size - 3];
      const repository = `put/back-${more}`;
      const leaf = Buffer.from(JSON.stringify(recordsOf(folder.path).at(-1))).toString();
      const db = new DatabaseSync(join(folder.path, 'log.db'));
      db.exec(
        `BEGIN IMMEDIATE; DELETE FROM entry WHERE idx >= ${kept}; UPDATE head SET size = ${size + more}`,
      );
      const add = db.prepare('INSERT INTO entry (idx, leaf) VALUES (?, ?)');
      for (let at = kept; at < size + more; at++) {
        const record = {
          ...JSON.parse(leaf),
          id: randomUUID(),
          subject: { repo: repository, digest: hex('f') },
        };
        add.run(at, Buffer.from(JSON.stringify(record)));
      }
      db.exec('COMMIT');
      db.close();
      const added = Array.from({ length: size + more - kept }, (_one, at) => kept + at).reverse();
      expect(await indexes({ repository })).toEqual(added);
      expect(await indexes({})).toEqual([...added, ...all.filter((at) => at < kept)]);
    },
  );

  it('of another log is emptied and filled anew', async () => {
    await thread.close();
    await reader.close();
    await recorder.close();
    await log.close();
    for (const name of ['log.db', 'log.db-wal', 'log.db-shm'])
      rmSync(join(folder.path, name), { force: true });
    log = await startLog(folder.path);
    recorder = await aRecorder(log);
    const intent = anIntent({ repo: 'new/log' });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
    reader = await openSqliteLogReader({ folder: folder.path });
    thread = await startIndex();
    index = indexOver(thread);
    expect(await indexes({})).toEqual([1, 0]);
    expect(await indexes({ repository: 'team/app' })).toEqual([]);
  });
});
