import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { formatCheckpoint } from '../../src/tlog/checkpoint.ts';
import type { TrustPolicy } from '../../src/tlog/policy-file.ts';
import { folderSource } from '../../src/verify/source.ts';
import { type Verification, verifyLog } from '../../src/verify/verify-log.ts';
import { makeTemp } from '../support/temp.ts';
import { entriesOf, filesOf, KEY, noteOf, ORIGIN, records, writeExport } from './an-export.ts';

const policy: TrustPolicy = { logs: [KEY], witnesses: [], quorum: () => true };

interface Changes {
  /** What the folder holds in place of what was signed. */
  readonly shown?: readonly Uint8Array[];
  readonly note?: string;
  readonly older?: readonly { name: string; note: string }[];
  readonly damage?: (folder: string) => void;
}

async function verify(entries: readonly Uint8Array[], changes: Changes = {}): Promise<Verification> {
  const temp = makeTemp('verify');
  try {
    writeExport(temp.path, changes.shown ?? entries, changes.note ?? noteOf(entries));
    changes.damage?.(temp.path);
    const source = folderSource(temp.path);
    return await verifyLog({ source, policy, older: changes.older ?? [], skewMs: 60_000, meaning: true });
  } finally {
    await temp.stop();
  }
}

const sentences = ({ problems }: Verification): readonly string[] => problems.map(({ sentence }) => sentence);

describe('a log that is whole', () => {
  it.each([0, 1, 255, 256, 257, 600])('of %d records is good', async (size) => {
    const all = entriesOf(records(size));
    const older = [1, 2, size]
      .filter((before) => before > 0 && before <= size)
      .map((before) => ({ name: `at ${before}`, note: noteOf(all.slice(0, before)) }));
    const found = await verify(all, { older });
    expect(sentences(found)).toEqual([]);
    expect(found).toMatchObject({ ok: true, checkpoint: { origin: ORIGIN, size } });
    expect(found.tiles).toBe([...filesOf(all).keys()].filter((path) => !path.includes('entries')).length);
  });

  it('is good also with bundles that are compressed, and without tiles', async () => {
    const all = entriesOf(records(300));
    const found = await verify(all, {
      damage(folder) {
        for (const [path, bytes] of filesOf(all)) {
          rmSync(join(folder, path));
          if (path.includes('entries')) writeFileSync(join(folder, `${path}.gz`), gzipSync(bytes));
        }
      },
    });
    expect(found).toMatchObject({ ok: true, tiles: 0 });
  });
});

describe('a log that was altered', () => {
  const size = 600;
  const all = entriesOf(records(size));
  const width = Math.floor(size / 256);
  const forged = (at: number) =>
    all.map((entry, index) =>
      index === at ? Buffer.from(Buffer.from(entry).toString().replace('team/app', 'team/apq')) : entry,
    );

  it('in one entry shows which', async () => {
    const found = await verify(all, {
      damage(folder) {
        const path = 'tile/entries/001';
        writeFileSync(join(folder, path), filesOf(forged(300)).get(path) as Uint8Array);
      },
    });
    expect(found.ok).toBe(false);
    expect(sentences(found)).toContain('entry 300 is not the one that tile/0/001 has the hash of');
    expect(found.problems.find(({ index }) => index === 300)).toBeDefined();
    expect(sentences(found)).toContain(`the ${size} entries do not have the root that was signed`);
  });

  it('with its tiles shows by the root, and by older checkpoints since when', async () => {
    const older = [256, 300, 301].map((at) => ({ name: `at ${at}`, note: noteOf(all.slice(0, at)) }));
    const found = await verify(all, { shown: forged(300), older });
    expect(sentences(found)).toEqual(
      expect.arrayContaining([
        'at 301: the first 301 entries of the log are not those that it was signed for',
        `the ${size} entries do not have the root that was signed`,
      ]),
    );
    expect(sentences(found).join()).not.toContain('at 300');
  });

  it('and signed again shows by an older checkpoint', async () => {
    const shown = forged(300);
    const found = await verify(all, {
      shown,
      note: noteOf(shown),
      older: [{ name: 'kept', note: noteOf(all.slice(0, 400)) }],
    });
    expect(sentences(found)).toContain(
      'kept: the first 400 entries of the log are not those that it was signed for',
    );
  });

  it('or cut shows by an older checkpoint', async () => {
    const found = await verify(all.slice(0, 500), { older: [{ name: 'kept', note: noteOf(all) }] });
    expect(sentences(found)).toEqual([
      `kept has ${size} entries, and the log 500: entries that were signed are gone`,
    ]);
  });

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a lost bundle',
      (folder) => rmSync(join(folder, 'tile/entries/001')),
      /entries 256 to 511 are not there/,
    ],
    [
      'a lost bundle and its tile',
      (folder) => {
        rmSync(join(folder, 'tile/entries/001'));
        rmSync(join(folder, 'tile/0/001'));
      },
      /the tree cannot be made/,
    ],
    [
      'a damaged tile of level 1',
      (folder) => writeFileSync(join(folder, `tile/1/000.p/${width}`), Buffer.alloc(width * 32)),
      /tile\/1\/000\.p\/\d+ is not what the tiles below it give/,
    ],
    [
      'a short tile',
      (folder) => writeFileSync(join(folder, 'tile/0/000'), Buffer.alloc(64)),
      /tile\/0\/000 has the wrong length/,
    ],
    [
      'a signature of nobody',
      (folder) => writeFileSync(join(folder, 'checkpoint'), noteOf(all, 'other.test/log')),
      /no key of that log was given/,
    ],
    [
      'a checkpoint that was changed',
      (folder) =>
        writeFileSync(join(folder, 'checkpoint'), noteOf(all).replace(`\n${size}\n`, `\n${size - 1}\n`)),
      /the signature of registry\.test\/push-log is wrong/,
    ],
  ])('shows by %s', async (_, damage, wanted) => {
    const found = await verify(all, { damage });
    expect(found.ok).toBe(false);
    expect(sentences(found).some((sentence) => wanted.test(sentence))).toBe(true);
  });

  it.each([
    ['is lost', (file: string) => rmSync(file), /^entries 256 to 511 are not there$/],
    ['is none', (file: string) => writeFileSync(file, 'x'), /^entries 256 to 511 cannot be read: .*/],
  ])(
    'is one finding where a bundle %s, and what stands behind it is held to the rest',
    async (_, lose, wanted) => {
      const made = records(900).map((record) => ({ ...record }) as Record<string, unknown>);
      // What is known from the lost records alone is let pass: a policy that was changed, a manifest that was deleted there.
      Object.assign(made[300] as object, {
        ...{ type: 'policy.changed', subject: undefined, tag: undefined, policy: { digest: 'sha256:q' } },
      });
      const after = made[307] as { tag: { prev?: number; from?: string } };
      const before = made[293] as { tag: object; subject: { digest: string } };
      after.tag = { ...after.tag, prev: 293, from: before.subject.digest };
      Object.assign(made[600] as object, { policy: { rules: ['team-push'], digest: 'sha256:q' } });
      const damage = (folder: string) => lose(join(folder, 'tile/entries/001'));
      const whole = entriesOf(made.map((record) => JSON.parse(JSON.stringify(record))));
      expect(sentences(await verify(whole))).toEqual([]);
      expect(sentences(await verify(whole, { damage }))).toEqual([expect.stringMatching(wanted)]);

      // A record that is there is not passed over, neither before the lost ones nor behind them.
      const tag = (at: number) => (made[at] as { tag: { name: string } }).tag;
      Object.assign(made[515] as object, { tag: { ...tag(515), prev: 200 } });
      Object.assign(made[560] as object, { tag: { ...tag(560), prev: 500 } });
      Object.assign(made[700] as object, { tag: { ...tag(700), from: 'sha256:0' } });
      const found = await verify(entriesOf(made.map((record) => JSON.parse(JSON.stringify(record)))), {
        damage,
      });
      expect(sentences(found)).toEqual([
        expect.stringMatching(wanted),
        expect.stringContaining(
          'entry 515 says that the record before it about team/app:v4 is 200, and it is ',
        ),
        'entry 560 says that the record before it about team/app:v0 is 500, and it is 553',
        expect.stringContaining('entry 700 says that team/app:v0 was sha256:0 before it'),
      ]);
    },
  );

  it.each<[string, (folder: string) => void, RegExp]>([
    [
      'a bundle that ends early',
      (folder) => writeFileSync(join(folder, 'tile/entries/000'), 'x'),
      /^entries 0 to 255 cannot be read: .*000: the bundle ends in entry 0 of 256$/,
    ],
    [
      'a bundle that cannot be unpacked',
      (folder) => {
        rmSync(join(folder, 'tile/entries/000'));
        writeFileSync(join(folder, 'tile/entries/000.gz'), 'x');
      },
      /^entries 0 to 255 cannot be read: .*000\.gz cannot be unpacked$/,
    ],
  ])('is held against the rest with %s, which is named', async (_, damage, wanted) => {
    const found = await verify(all, { damage });
    expect(sentences(found)[0]).toMatch(wanted);
    expect(sentences(found)).not.toContainEqual(expect.stringContaining('the root that was signed'));
    const both = await verify(all, {
      damage(folder) {
        const path = 'tile/entries/001';
        writeFileSync(join(folder, path), filesOf(forged(400)).get(path) as Uint8Array);
        damage(folder);
      },
    });
    expect(both.problems.map(({ index }) => index)).toEqual(expect.arrayContaining([0, 400]));
  });

  it('is told to be unreadable without a checkpoint', async () => {
    const damage = (folder: string): void => rmSync(join(folder, 'checkpoint'));
    await expect(verify(all, { damage })).rejects.toThrow(/holds no checkpoint/);
  });

  it('wants the witnesses of its policy', async () => {
    const temp = makeTemp('verify');
    try {
      writeExport(temp.path, all);
      const source = folderSource(temp.path);
      const strict = { ...policy, quorum: () => false };
      const found = await verifyLog({ source, policy: strict, older: [], skewMs: 0, meaning: false });
      expect(sentences(found)).toEqual([
        'too few of the witnesses that the policy names have cosigned the checkpoint',
      ]);
    } finally {
      await temp.stop();
    }
  });

  it('is not believed on the word of an unsigned older checkpoint', async () => {
    const text = formatCheckpoint({ origin: ORIGIN, size: 1, root: Buffer.alloc(32) });
    const found = await verify(all, { older: [{ name: 'kept', note: `${text}\n— ${ORIGIN} AAAAAAAA\n` }] });
    expect(sentences(found)).toEqual([
      "kept: none of the keys that were asked for has signed; one of before a change of the log's key needs the line of that key too",
    ]);
  });
});

describe('a log that is long enough for threads', () => {
  const size = 5_000;
  const all = entriesOf(records(size));

  it('shows which entry was altered, which tile, and what does not fit', async () => {
    const forged = all.map((entry, index) => (index === 4_000 ? Buffer.from('{}') : entry));
    const older = [1, 3_999, 4_001].map((at) => ({ name: `at ${at}`, note: noteOf(all.slice(0, at)) }));
    const found = await verify(all, {
      older,
      damage(folder) {
        const path = 'tile/entries/015';
        writeFileSync(join(folder, path), filesOf(forged).get(path) as Uint8Array);
        writeFileSync(join(folder, 'tile/0/003'), Buffer.alloc(256 * 32));
        rmSync(join(folder, 'tile/entries/001'));
      },
    });
    expect(sentences(found)).toEqual(
      expect.arrayContaining([
        'entries 256 to 511 are not there',
        'entry 768 is not the one that tile/0/003 has the hash of',
        'entry 4000 is not a record of version 1',
        'entry 4000 is not the one that tile/0/015 has the hash of',
        'at 4001: the first 4001 entries of the log are not those that it was signed for',
        'the 5000 entries do not have the root that was signed',
      ]),
    );
    expect(sentences(found).join()).not.toMatch(/at (?:1|3999):/);
  });

  it('is held against the rest where a bundle is none, which is named', async () => {
    const damage = (folder: string) => writeFileSync(join(folder, 'tile/entries/010'), 'x');
    const found = await verify(all, { damage });
    expect(sentences(found)[0]).toMatch(
      /^entries 2560 to 2815 cannot be read: .*010: the bundle ends in entry 0 of 256$/,
    );
  });
});

describe('records that were signed and do not fit together', () => {
  type Leaf = Record<string, unknown>;
  it.each<[string, (all: Leaf[]) => void, RegExp]>([
    [
      'one id twice',
      (all) => Object.assign(all[20] as Leaf, { id: all[10]?.['id'] }),
      /entry 20 has the id of a record before/,
    ],
    ['no id', (all) => Object.assign(all[20] as Leaf, { id: 'x' }), /entry 20 has no id/],
    [
      'a tag that forgets a push',
      (all) => Object.assign(all[23] as Leaf, { tag: { ...(all[23] as { tag: object }).tag, prev: 9 } }),
      /entry 23 says that the record before it about team\/app:v2 is 9, and it is 16/,
    ],
    [
      'a tag that was something else before',
      (all) =>
        Object.assign(all[23] as Leaf, { tag: { ...(all[23] as { tag: object }).tag, from: 'sha256:0' } }),
      /entry 23 says that team\/app:v2 was sha256:0 before it, and the record before says/,
    ],
    [
      'time that runs back',
      (all) => Object.assign(all[200] as Leaf, { time: '2026-01-01T00:00:01.000Z' }),
      /entry 200 is 198 seconds older than a record before it/,
    ],
    [
      'a policy that nobody put in force',
      (all) => Object.assign(all[20] as Leaf, { policy: { rules: [], digest: 'sha256:q' } }),
      /entry 20 was decided by a policy \(sha256:q\) that no policy\.changed record names/,
    ],
    [
      'another version',
      (all) => Object.assign(all[20] as Leaf, { v: 2 }),
      /entry 20 is not a record of version 1/,
    ],
  ])('show by %s', async (_, change, wanted) => {
    const all = records(300).map((record) => ({ ...record }));
    change(all);
    const found = await verify(entriesOf(all));
    expect(found.ok).toBe(false);
    expect(sentences(found)[0]).toMatch(wanted);
  });

  it('hold where a manifest was deleted, with every tag that showed it, and show where one says otherwise', async () => {
    const digest = (nth: number) => `sha256:${String(nth).repeat(64)}`;
    const told = (facts: readonly object[]) =>
      entriesOf(
        records(facts.length + 1)
          .map((one, at) => ({ ...(at < 2 ? one : { ...one, tag: undefined }), ...facts[at - 1] }))
          .map((one) => JSON.parse(JSON.stringify(one))),
      );
    const pushed = (nth: number, tag: object) => ({
      type: 'push.accepted',
      subject: { repo: 'r', digest: digest(nth) },
      tag,
    });
    const deleted = (nth: number) => ({
      type: 'manifest.deleted',
      subject: { repo: 'r', digest: digest(nth) },
    });
    const facts = [
      {},
      pushed(1, { name: 'a' }),
      pushed(1, { name: 'b' }),
      deleted(1),
      pushed(1, { name: 'a', prev: 4 }),
      pushed(2, { name: 'b', prev: 4 }),
      deleted(3),
      pushed(3, { name: 'a', prev: 5, from: digest(1) }),
      { type: 'tag.deleted', subject: { repo: 'r', digest: digest(2) }, tag: { name: 'b', prev: 6 } },
      pushed(1, { name: 'b', prev: 9 }),
    ];
    expect(sentences(await verify(told(facts)))).toEqual([]);
    const lies = [...facts, deleted(3), pushed(1, { name: 'a', prev: 8, from: digest(3) })];
    expect(sentences(await verify(told(lies)))).toEqual([
      'entry 12 says that the record before it about r:a is 8, and it is 11',
    ]);
  });

  it('may run back where the clock was set, and that is on record', async () => {
    const all = records(300).map((record) => ({ ...record })) as Leaf[];
    const [expected, shown] = [all[100]?.['time'], all[0]?.['time']];
    all[100] = { ...all[0], id: all[100]?.['id'], type: 'clock.jumped', clock: { expected, shown } };
    for (const [index, record] of all.entries()) {
      if (index > 100) record['time'] = new Date(Date.UTC(2026, 0, 1) + (index - 100) * 1000).toISOString();
    }
    // The pushes are left out, whose links would be other ones.
    const found = await verify(entriesOf(all.filter((record) => !('tag' in record))));
    expect(sentences(found)).toEqual([]);
    expect(found.clock).toMatchObject({ found: 1, sets: [{ index: 2, byMs: -100_000 }] });
  });

  it('tell how long nothing was recorded', async () => {
    const all = records(10).map((record, index) => ({
      ...record,
      time: new Date(Date.UTC(2026, 0, 1, index < 4 ? 0 : 62, index)).toISOString(),
    }));
    const { clock } = await verify(entriesOf(all));
    const silence = { index: 3, ms: 62 * 3_600_000 + 60_000, from: Date.UTC(2026, 0, 1, 0, 3) };
    expect(clock).toEqual({ sets: [], found: 0, silence });
  });

  it.each<[string, string, string]>([
    ['JSON that is cut', '{"v":1,', 'is not JSON'],
    ['a list', '[1]', 'is not a record of version 1'],
    ['nothing', 'null', 'is not a record of version 1'],
    ['deep lists', `${'['.repeat(20_000)}${']'.repeat(20_000)}`, 'is not a record of version 1'],
    ['a number in place of an id', '{"id":7,"type":"x","v":1}', 'has no id'],
    ['an object in place of a time', '{"id":"ID","time":{},"type":"x","v":1}', 'has no time'],
    [
      'a policy that is a text',
      '{"id":"ID","policy":"p","time":"TIME","type":"x","v":1}',
      'has a policy that is none',
    ],
    [
      'a digest that is a list',
      '{"id":"ID","policy":{"digest":[]},"time":"TIME","type":"x","v":1}',
      'has a policy that is none',
    ],
    [
      'a subject that is a number',
      '{"id":"ID","subject":5,"time":"TIME","type":"push.accepted","v":1}',
      'has a subject that is none',
    ],
    [
      'a repository that is an object',
      '{"id":"ID","subject":{"repo":{}},"time":"TIME","type":"push.accepted","v":1}',
      'has a subject that is none',
    ],
    [
      'a tag that is null',
      '{"id":"ID","subject":{"repo":"r"},"tag":null,"time":"TIME","type":"push.accepted","v":1}',
      'has a tag that is none',
    ],
    [
      'a tag without a name',
      '{"id":"ID","subject":{"repo":"r"},"tag":{},"time":"TIME","type":"push.accepted","v":1}',
      'has a tag that is none',
    ],
    [
      'a link that is a text',
      '{"id":"ID","subject":{"repo":"r"},"tag":{"name":"t","prev":"1"},"time":"TIME","type":"push.accepted","v":1}',
      'has a tag that is none',
    ],
    [
      'a link below 0',
      '{"id":"ID","subject":{"repo":"r"},"tag":{"name":"t","prev":-1},"time":"TIME","type":"push.accepted","v":1}',
      'has a tag that is none',
    ],
    [
      'a clock that says nothing',
      '{"clock":{},"id":"ID","time":"TIME","type":"clock.jumped","v":1}',
      'says of no clock that it was set',
    ],
    [
      'a member twice',
      '{"id":"ID","time":"TIME","type":"x","type":"y","v":1}',
      'is not in the form of RFC 8785: readers may differ in what it says',
    ],
    [
      'white space',
      '{"id":"ID","time":"TIME","type":"x", "v":1}',
      'is not in the form of RFC 8785: readers may differ in what it says',
    ],
  ])('show by their place where a record is %s', async (_, text, wanted) => {
    const all = [...entriesOf(records(4))];
    const { id, time } = records(3)[2] as { id: string; time: string };
    all[2] = Buffer.from(text.replace('ID', id).replace('TIME', time));
    const found = await verify(all);
    expect(sentences(found)[0]).toBe(`entry 2 ${wanted}`);
  });
});
