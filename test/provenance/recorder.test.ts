import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { canonicalBytes } from '../../src/provenance/canonical.ts';
import { type DeletionIntent, type RecordDraft, recordSchema } from '../../src/provenance/record.ts';
import { RecordBusy } from '../../src/provenance/record-errors.ts';
import type { Recorder, RecorderDeps } from '../../src/provenance/recorder.ts';
import { systemClock } from '../../src/store/clock.ts';
import type { Thread } from '../../src/store/thread.ts';
import {
  ANSWERED,
  aDigest,
  anIntent,
  aRecorder,
  leavesOf,
  makeFolder,
  recordsOf,
  startLog,
  until,
} from './a-log.ts';

const folder = makeFolder();
let thread: Thread;
let recorder: Recorder;
let path = '';
let turn = 0;

async function start(changes: Partial<RecorderDeps> = {}): Promise<void> {
  thread = await startLog(path);
  recorder = await aRecorder(thread, changes);
}
async function stop(): Promise<void> {
  await recorder.close();
  await thread.close();
}
async function restart(changes: Partial<RecorderDeps> = {}): Promise<void> {
  await stop();
  await start(changes);
}

beforeEach(async () => {
  path = `${folder.path}/${turn++}`;
  await start();
});
afterEach(stop);
afterEach(() => {
  for (const leaf of leavesOf(path)) {
    const record: unknown = JSON.parse(Buffer.from(leaf).toString('utf8'));
    recordSchema.parse(record);
    if (Buffer.compare(canonicalBytes(record), leaf) !== 0) throw new Error(`not canonical: ${leaf}`);
  }
});

describe('the recorder', () => {
  it('opens a log with a record of its own, once', async () => {
    await restart();
    expect(recordsOf(path)).toMatchObject([{ type: 'log.opened', proxy: { instance: 'warden-test' } }]);
  });

  it('turns an intent and its outcome into one record, and links the records of a tag', async () => {
    const first = anIntent({ tag: '1.0' });
    await recorder.intend(first);
    expect(await recorder.conclude(first.id, ANSWERED)).toEqual({ index: 1 });
    const second = anIntent({ tag: '1.0', from: first.subject.digest });
    await recorder.intend(second);
    await recorder.conclude(second.id, ANSWERED);

    const [, one, two] = recordsOf(path);
    expect(one).toMatchObject({
      type: 'push.accepted',
      id: first.id,
      tag: { name: '1.0' },
      backend: { status: 201 },
    });
    expect(one).not.toHaveProperty('tag.prev');
    expect(two).toMatchObject({ tag: { name: '1.0', from: first.subject.digest, prev: 1 } });
    expect(await recorder.lastOf('team/app', '1.0')).toEqual({ index: 2, digest: second.subject.digest });
  });

  it('does not move a tag for a push that was aborted', async () => {
    const intent = anIntent({ tag: '1.0' });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, {
      type: 'push.aborted',
      reason: 'the registry refused',
      backend: { status: 400 },
    });
    expect(await recorder.lastOf('team/app', '1.0')).toBeUndefined();
  });

  it('is busy for a second intent of the same tag, and for that alone', async () => {
    const intent = anIntent({ tag: '1.0' });
    await recorder.intend(intent);
    await expect(recorder.intend(anIntent({ tag: '1.0' }))).rejects.toBeInstanceOf(RecordBusy);
    await recorder.intend(anIntent({ tag: '1.1' }));
    await recorder.intend(anIntent({ tag: '1.0', repo: 'team/other' }));
    await recorder.conclude(intent.id, ANSWERED);
    await recorder.intend(anIntent({ tag: '1.0' }));
  });

  it('ends an intent once', async () => {
    const intent = anIntent();
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
    await expect(recorder.conclude(intent.id, ANSWERED)).rejects.toThrow('no open intent');
    expect(recorder.health()).toEqual({ writable: true });
  });

  it('records a tag that the registry shows otherwise than the log, in all four ways, and nothing when they agree', async () => {
    const [a, b] = [aDigest(), aDigest()];
    expect(await recorder.reconcileTag('r', 't', undefined)).toBe(false);
    expect(await recorder.reconcileTag('r', 't', a)).toBe(true);
    expect(await recorder.reconcileTag('r', 't', a)).toBe(false);
    expect(await recorder.reconcileTag('r', 't', b)).toBe(true);
    expect(await recorder.reconcileTag('r', 't', undefined)).toBe(true);
    expect(await recorder.reconcileTag('r', 't', undefined)).toBe(false);
    expect(recordsOf(path).slice(1)).toMatchObject([
      { type: 'tag.drift', subject: { digest: a }, tag: { name: 't' } },
      { type: 'tag.drift', subject: { digest: b }, tag: { name: 't', from: a, prev: 1 } },
      { type: 'tag.drift', tag: { name: 't', from: b, prev: 2 } },
    ]);
  });

  it('knows after a deletion, by tag or by digest, that the tag is gone', async () => {
    const common = {
      actor: { sub: 'op', kind: 'person', method: 'password', evidence: 'verified' },
      peer: { ip: '10.0.0.9' },
      policy: { rules: ['r'] },
    } as const;
    for (const tag of ['a', 'b', 'c']) {
      const intent = anIntent({ tag, digest: `sha256:${(tag === 'c' ? '2' : '1').repeat(64)}` });
      await recorder.intend(intent);
      await recorder.conclude(intent.id, ANSWERED);
    }
    const byTag: RecordDraft = {
      type: 'tag.deleted',
      subject: { repo: 'team/app' },
      tag: { name: 'c' },
      began: '2026-05-05T10:00:00.000Z',
      deletes: 'tag',
      ...common,
    };
    await recorder.append(byTag);
    await recorder.append({
      type: 'manifest.deleted',
      subject: { repo: 'team/app', digest: `sha256:${'1'.repeat(64)}` },
      began: '2026-05-05T10:00:00.000Z',
      deletes: 'manifest',
      ...common,
    });
    expect(await recorder.lastOf('team/app', 'c')).toEqual({ index: 4 });
    expect(await recorder.lastOf('team/app', 'a')).toEqual({ index: 5 });
    expect(await recorder.lastOf('team/app', 'b')).toEqual({ index: 5 });
    expect(await recorder.reconcileTag('team/app', 'a', undefined)).toBe(false);
  });

  it('takes text that is not Unicode, and cuts claims but never what was observed', async () => {
    const children = Array.from({ length: 100 }, () => ({ digest: aDigest(), platform: 'linux/amd64' }));
    const intent = anIntent({
      subject: { children },
      peer: { ip: '10.0.0.1', ua: `\ud800${'x'.repeat(600)}` },
      labels: Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`l${n}`, 'v'.repeat(2000)])),
      source: { commit: 'abc', evidence: 'looked-up' },
    });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
    const record = recordsOf(path)[1];
    expect(record).toMatchObject({
      truncated: ['labels', 'peer.ua'],
      subject: { children },
      source: { commit: 'abc' },
    });
    expect(record).not.toHaveProperty('labels');
    expect(record).toHaveProperty('peer.ua', expect.stringMatching(/^\ufffdx{511}$/));
    expect(leavesOf(path)[1]?.length).toBeLessThanOrEqual(16_384);
  });

  it('refuses before the push what no record could hold', async () => {
    const children = Array.from({ length: 1000 }, () => ({ digest: aDigest() }));
    await expect(recorder.intend(anIntent({ subject: { children } }))).rejects.toMatchObject({
      name: 'MANIFEST_REFUSED',
    });
    expect(await thread.call('intents')).toEqual([]);
  });

  it('refuses an intent with a member that the schema does not know', async () => {
    await expect(recorder.intend({ ...anIntent(), colour: 'red' } as never)).rejects.toThrow('colour');
  });

  it('commits what waits together once', async () => {
    const before = await recorder.counters();
    await Promise.all(Array.from({ length: 200 }, () => recorder.intend(anIntent())));
    const after = await recorder.counters();
    expect(after.writes - before.writes).toBe(200);
    expect(after.commits - before.commits).toBeLessThan(50);
  });

  it('lets a call that fails take nothing of its group with it', async () => {
    const same = anIntent({ tag: 'same' });
    const results = await Promise.allSettled([
      recorder.intend(anIntent({ tag: 'a' })),
      recorder.intend(same),
      recorder.intend(anIntent({ tag: 'same' })),
      recorder.intend(anIntent({ tag: 'b' })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    const open = await thread.call<{ reference: string }[]>('intents');
    expect(open.map(({ reference }) => reference).sort()).toEqual(['a', 'b', 'same']);
  });
});

describe('settling', () => {
  const ours = aDigest();
  const other = aDigest();
  const gone = { type: 'push.aborted', recovered: { saw: 'absent' } };
  it.each([
    [
      'accepted at once when the tag shows our digest',
      '1.0',
      [ours],
      true,
      { type: 'push.accepted', recovered: { saw: 'tag', tag: ours } },
    ],
    [
      'accepted when the tag comes to show it within the time',
      '1.0',
      [undefined, other, ours],
      true,
      { type: 'push.accepted' },
    ],
    [
      'aborted when the tag is elsewhere and the manifest is there',
      '1.0',
      [other],
      true,
      { type: 'push.aborted', recovered: { saw: 'manifest-only', tag: other } },
    ],
    ['aborted when nothing is there', '1.0', [undefined], false, gone],
    [
      'never decided by a registry that does not answer',
      '1.0',
      ['fail', 'fail', ours],
      true,
      { type: 'push.accepted' },
    ],
    [
      'accepted for a push by digest that is there',
      null,
      [],
      true,
      { type: 'push.accepted', recovered: { saw: 'digest' } },
    ],
    ['aborted for a push by digest that is not', null, [], false, gone],
  ] as const)('is %s', async (_what, tag, shown, present, expected) => {
    await recorder.intend(anIntent({ tag, digest: ours, began: new Date(Date.now()).toISOString() }));
    await restart();
    expect(recorder.unsettled()).toBe(1);
    const looks = [...shown] as (string | undefined)[];
    await recorder.settle({
      settleMs: 700,
      lookTag: async () => {
        const now = looks.length > 1 ? looks.shift() : looks[0];
        if (now === 'fail') throw new Error('no answer');
        return now;
      },
      lookDigest: async () => present,
      lookBlob: async () => present,
    });
    expect(recorder.unsettled()).toBe(0);
    expect(recordsOf(path).slice(1)).toMatchObject([expected]);
    expect(await thread.call('intents')).toEqual([]);
  });

  it('keeps that tag locked until then, and no other', async () => {
    await recorder.intend(anIntent({ tag: '1.0', digest: ours }));
    await restart();
    let entered = false;
    const waiting = recorder.withLock('team/app', '1.0', async () => {
      entered = true;
    });
    await recorder.withLock('team/app', '1.1', async () => undefined);
    expect(entered).toBe(false);
    await recorder.settle({
      settleMs: 0,
      lookTag: async () => ours,
      lookDigest: async () => true,
      lookBlob: async () => true,
    });
    await waiting;
    expect(entered).toBe(true);
  });

  it('leaves the intent open when the process ends first', async () => {
    await recorder.intend(anIntent({ tag: '1.0' }));
    await restart();
    const settling = recorder.settle({
      settleMs: 1e9,
      lookTag: async () => undefined,
      lookDigest: async () => false,
      lookBlob: async () => false,
    });
    await restart();
    await settling;
    expect(recorder.unsettled()).toBe(1);
  });

  it('is offered while the process lives', async () => {
    const intent = anIntent({ tag: '1.0' });
    await recorder.intend(intent);
    const looks = {
      settleMs: 50,
      lookTag: async () => undefined,
      lookDigest: async () => true,
      lookBlob: async () => true,
    };
    expect(await recorder.settleOne(intent, looks)).toEqual({ type: 'push.aborted', index: 1 });
  });
});

describe('a deletion', () => {
  const digest = aDigest();
  const aDeletion = (deletes: DeletionIntent['deletes']): DeletionIntent => {
    const { id, began, actor, peer, policy } = anIntent();
    const tag = deletes === 'tag' ? { tag: { name: '1.0', from: digest } } : {};
    return { id, began, deletes, subject: { repo: 'team/app', digest }, ...tag, actor, peer, policy };
  };
  const pushed = async (tag: string) => {
    const intent = anIntent({ tag, digest });
    await recorder.intend(intent);
    await recorder.conclude(intent.id, ANSWERED);
  };
  const looks = (shown: (string | undefined)[], settleMs = 200) => {
    const next = async (): Promise<string | undefined> => {
      const now = shown.length > 1 ? shown.shift() : shown[0];
      if (now === 'fail') throw new Error('no answer');
      return now;
    };
    const look = async () => (await next()) !== undefined;
    return { settleMs, lookTag: next, lookDigest: look, lookBlob: look };
  };

  it('becomes one record with its outcome, and the log knows which tags are gone', async () => {
    await pushed('1.0');
    await pushed('1.1');
    const intent = aDeletion('manifest');
    await recorder.intend(intent);
    await recorder.conclude(intent.id, { type: 'manifest.deleted', backend: { status: 202 } });
    expect(recordsOf(path).at(-1)).toMatchObject({
      id: intent.id,
      type: 'manifest.deleted',
      deletes: 'manifest',
    });
    for (const tag of ['1.0', '1.1']) expect(await recorder.lastOf('team/app', tag)).toEqual({ index: 3 });
  });

  it('that was refused leaves the tag what it was', async () => {
    await pushed('1.0');
    const intent = aDeletion('tag');
    await recorder.intend(intent);
    await recorder.conclude(intent.id, {
      type: 'delete.aborted',
      reason: 'refused',
      backend: { status: 405 },
    });
    expect(await recorder.lastOf('team/app', '1.0')).toEqual({ index: 1, digest });
  });

  const other = aDigest();
  it.each<[DeletionIntent['deletes'], string, (string | undefined)[], object]>([
    ['tag', 'is gone', [undefined], { type: 'tag.deleted', recovered: { saw: 'absent' } }],
    ['tag', 'goes within the time', [digest, 'fail', undefined], { type: 'tag.deleted' }],
    ['tag', 'stays', [digest], { type: 'delete.aborted', recovered: { saw: 'tag', tag: digest } }],
    ['tag', 'shows another', [other], { type: 'delete.aborted', recovered: { saw: 'tag', tag: other } }],
    ['manifest', 'is gone', ['fail', undefined], { type: 'manifest.deleted', recovered: { saw: 'absent' } }],
    ['manifest', 'stays', [digest], { type: 'delete.aborted', recovered: { saw: 'digest' } }],
    ['blob', 'is gone', [undefined], { type: 'blob.deleted', recovered: { saw: 'absent' } }],
    ['blob', 'stays', [digest], { type: 'delete.aborted', recovered: { saw: 'blob' } }],
  ])('of a %s that %s is settled after a crash', async (deletes, _what, shown, expected) => {
    const intent = aDeletion(deletes);
    await recorder.intend({ ...intent, began: new Date(Date.now()).toISOString() });
    await restart();
    expect(recorder.unsettled()).toBe(1);
    await recorder.settle(looks(shown, 700));
    expect(recordsOf(path).slice(1)).toMatchObject([{ id: intent.id, deletes, ...expected }]);
    expect(await thread.call('intents')).toEqual([]);
  });

  it('of a manifest keeps the whole repository locked until it is settled, and no other', async () => {
    await recorder.intend(aDeletion('manifest'));
    await restart();
    let entered = false;
    const waiting = recorder.withLock('team/app', '1.0', async () => {
      entered = true;
    });
    await recorder.withLock('team/other', '1.0', async () => undefined);
    expect(entered).toBe(false);
    await recorder.settle(looks([undefined]));
    await waiting;
    expect(entered).toBe(true);
  });
});

describe('refusals', () => {
  const facts = (sub: string, repo = 'prod/app') =>
    ({
      reason: 'POLICY_DENIED',
      action: 'push',
      subject: { repo },
      actor: { sub, kind: 'person', method: 'password', evidence: 'verified' },
      peer: { ip: '10.9.9.9' },
      policy: { rules: ['builders-only'] },
    }) as const;
  const refused = () => recordsOf(path).filter(({ type }) => type === 'push.refused');

  it('are recorded once at once, and the others of the minute together', async () => {
    let now = Date.parse('2026-05-05T10:00:01Z');
    await restart({ clock: { ...systemClock, now: () => now, elapsed: () => now } });
    for (let n = 0; n < 5; n++) recorder.refused(facts('alice'));
    recorder.refused(facts('bob'));
    await until('both are recorded', () => refused().length === 2);
    expect(refused()).toMatchObject([
      { count: 1, actor: { sub: 'alice' } },
      { count: 1, actor: { sub: 'bob' } },
    ]);
    now += 10_000;
    recorder.refused(facts('alice'));
    now += 60_000;
    await until('the minute is recorded', () => refused().length === 3);
    expect(refused()[2]).toMatchObject({
      count: 5,
      since: '2026-05-05T10:00:01.000Z',
      until: '2026-05-05T10:00:11.000Z',
      actor: { sub: 'alice' },
    });
  });

  it('that differ in tag, kind of actor or place of the token are told apart', async () => {
    const base = facts('eve');
    const all = [
      base,
      { ...base, tag: { name: 'latest' } },
      { ...base, tag: { name: '1.0' } },
      { ...base, token: { ip: '10.0.0.1' } },
      { ...base, actor: { ...base.actor, kind: 'robot' as const } },
    ];
    for (const one of all) recorder.refused(one);
    await recorder.close();
    expect(refused()).toHaveLength(all.length);
    expect(refused()).toMatchObject(all);
  });

  it('are counted together with what all of them have in common, and no more', async () => {
    const base = facts('eve');
    const one = (n: number, ua: string) => ({
      ...base,
      actor: { ...base.actor, jti: `token-${n}` },
      peer: { ...base.peer, ua },
      policy: { ...base.policy, decision: `decision-${n}`, digest: 'sha256:policy' },
    });
    for (const [n, ua] of ['curl', 'docker', 'docker'].entries()) recorder.refused(one(n, ua));
    await recorder.close();
    const [first, others] = refused();
    expect(first).toMatchObject({ count: 1, ...one(0, 'curl') });
    expect(others).toMatchObject({
      count: 2,
      peer: { ip: '10.9.9.9', ua: 'docker' },
      policy: { rules: ['builders-only'], digest: 'sha256:policy' },
    });
    expect(others).not.toHaveProperty('actor.jti');
    expect(others).not.toHaveProperty('policy.decision');
  });

  it('of one network of IPv6 past its bound are counted together', async () => {
    await restart({ clock: { ...systemClock, now: () => 1_777_000_000_000, elapsed: () => 0 } });
    for (let n = 0; n < 150; n++)
      recorder.loginFailed({
        reason: 'CREDENTIALS_REFUSED',
        peer: { ip: `2001:db8:1:2::${n.toString(16)}` },
      });
    recorder.loginFailed({ reason: 'CREDENTIALS_REFUSED', peer: { ip: '2001:db8:1:3::1' } });
    await recorder.close();
    const records = recordsOf(path).filter(({ type }) => type === 'login.failed');
    expect(records).toHaveLength(103);
    const together = records.filter((record) => 'network' in record);
    expect(together).toMatchObject([
      { count: 1, reason: 'several', network: '2001:db8:1:2::/64' },
      { count: 49, reason: 'several', network: '2001:db8:1:2::/64' },
    ]);
    expect(records).toContainEqual(expect.objectContaining({ count: 1, peer: { ip: '2001:db8:1:3::1' } }));
  });

  it('that are counted are recorded at the end of the process', async () => {
    for (let n = 0; n < 7; n++) recorder.refused(facts('alice'));
    recorder.loginFailed({ reason: 'CREDENTIALS_REFUSED', peer: { ip: '10.9.9.9' } });
    await recorder.close();
    expect(refused().reduce((sum, record) => sum + ('count' in record ? record.count : 0), 0)).toBe(7);
    expect(recordsOf(path).at(-1)).toMatchObject({
      type: expect.stringMatching(/login.failed|push.refused/),
    });
  });

  it('past the bound are counted together', async () => {
    await restart({ clock: { ...systemClock, now: () => 1_777_000_000_000, elapsed: () => 0 } });
    for (let n = 0; n < 10_050; n++) {
      recorder.refused({ ...facts('eve', `flood/r${n}`), peer: { ip: `10.9.${n >> 8}.${n & 255}` } });
    }
    await recorder.close();
    const records = refused();
    expect(records).toHaveLength(10_002);
    const others = records.filter((record) => !('subject' in record));
    expect(others.map((record) => 'count' in record && record.count).sort()).toEqual([1, 49]);
  });

  it('of one address past its own bound are counted together, and hide nobody else', async () => {
    await restart({ clock: { ...systemClock, now: () => 1_777_000_000_000, elapsed: () => 0 } });
    for (let n = 0; n < 150; n++)
      recorder.refused({ ...facts('eve', `flood/r${n}`), peer: { ip: '10.9.9.9' } });
    recorder.refused({ ...facts('bob'), peer: { ip: '10.9.9.10' } });
    await recorder.close();
    const records = refused();
    const together = records.filter((record) => 'reason' in record && record.reason === 'several');
    expect(together).toMatchObject([
      { count: 1, peer: { ip: '10.9.9.9' } },
      { count: 49, peer: { ip: '10.9.9.9' } },
    ]);
    expect(records).toHaveLength(103);
    expect(records).toContainEqual(
      expect.objectContaining({ actor: expect.objectContaining({ sub: 'bob' }) }),
    );
  });

  it('that no record can hold are counted without their facts', async () => {
    recorder.refused({ ...facts('x'), actor: { sub: 7 } } as never);
    await recorder.close();
    expect(refused()).toMatchObject([{ count: 1, reason: 'POLICY_DENIED' }]);
  });
});
