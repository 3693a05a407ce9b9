/** Records as questions, and what of them changes between two policies. */
import { describe, expect, it } from '@jest/globals';
import type { PullItem } from '../../src/audit/audit.ts';
import { type Recorded, recordedOf, recordedPull } from '../../src/inquiry/recorded.ts';
import { createReplay } from '../../src/inquiry/replay.ts';
import { UNKNOWN } from '../../src/policy/facts.ts';
import type { PushRecord } from '../../src/provenance/record.ts';
import { policyOf } from '../policy/build.ts';

const BEFORE = policyOf(`rules:
  - { id: pulls, allow: [pull], repositories: ["**"] }
  - { id: ci, allow: [create], repositories: ["team/**"], who: { groups: [ci] }, from: [10.1.2.0/28] }
`);
const AFTER = policyOf(`rules:
  - { id: pulls, allow: [pull], repositories: ["**"], who: { groups: [ci] } }
  - { id: ci, allow: [push], repositories: ["team/**"], who: { groups: [ci] }, from: [10.1.2.0/28], tags: ["v*"] }
`);

const BASE = { v: 1, time: '2026-11-23T10:00:00.000Z', proxy: { instance: 'w', version: '1' } } as const;
const ACTOR = {
  sub: 'alice',
  kind: 'person',
  method: 'password',
  groups: ['ci'],
  evidence: 'verified',
} as const;
const FACTS = {
  actor: ACTOR,
  peer: { ip: '10.1.2.3', ua: 'docker/24.0.7' },
  token: { ip: '10.1.2.4' },
} as const;

function record(parts: Record<string, unknown>): PushRecord {
  return { ...BASE, subject: { repo: 'team/app' }, ...FACTS, ...parts } as unknown as PushRecord; // only what is read of a record
}

const refused = (parts: Record<string, unknown>) =>
  record({
    type: 'push.refused',
    reason: 'POLICY_DENIED',
    action: 'push',
    count: 3,
    until: '2026-11-23T10:05:00.000Z',
    ...parts,
  });

function asked(found: ReturnType<typeof recordedOf>): Recorded {
  if (typeof found !== 'object') throw new Error(String(found));
  return found;
}

describe('a record as a question', () => {
  it('of an accepted push asks for a new tag, or for one that was there', () => {
    const made = asked(recordedOf(record({ type: 'push.accepted', tag: { name: 'v1' } })));
    expect(made.question).toEqual({
      subject: { name: 'alice', kind: 'person', groups: ['ci'], method: 'password' },
      address: '10.1.2.3',
      tokenAddress: '10.1.2.4',
      repository: 'team/app',
      actions: ['create'],
      tag: 'v1',
      time: Date.UTC(2026, 10, 23, 10),
      client: 'docker/24.0.7',
      certificates: [],
    });
    const moved = record({ type: 'push.accepted', tag: { name: 'v1', from: 'sha256:0' } });
    expect(asked(recordedOf(moved)).question.actions).toEqual(['overwrite']);
    expect(asked(recordedOf(record({ type: 'push.accepted' }))).question.tag).toBeUndefined();
    expect(asked(recordedOf(record({ type: 'manifest.deleted' }))).question.actions).toEqual(['delete']);
  });

  it('of refusals counts all of them, and does not know a tag that nobody named', () => {
    const { question, count, time, assumed } = asked(recordedOf(refused({})));
    expect(question).toMatchObject({ actions: ['create', 'overwrite'], tag: UNKNOWN });
    expect({ count, time, assumed }).toEqual({
      count: 3,
      time: Date.UTC(2026, 10, 23, 10, 5),
      assumed: ['tag'],
    });
  });

  it.each([
    ['many', refused({ actor: undefined })],
    ['many', refused({ action: undefined })],
    ['address', refused({ network: '2001:db8::/64' })],
    ['other', refused({ reason: 'RECORD_UNAVAILABLE' })],
    ['build', record({ type: 'push.accepted', actor: { ...ACTOR, kind: 'build' } })],
    [undefined, record({ type: 'log.opened' })],
  ] as const)('is none and says why: %s', (why, leaf) => {
    expect(recordedOf(leaf)).toBe(why);
  });

  it('of a pull takes the groups of now, and says so', () => {
    const pull: PullItem = {
      repository: 'team/app',
      reference: 'v1',
      digest: 'sha256:0',
      subject: 'alice',
      address: '10.7.7.7',
      first: '2026-11-01T00:00:00.000Z',
      last: '2026-11-23T10:00:00.000Z',
      gets: 4,
      heads: 1,
    };
    const users = new Map([['alice', { groups: ['ci'] }]]);
    const known = recordedPull(pull, users);
    expect(known.question.subject.groups).toEqual(['ci']);
    expect({ count: known.count, assumed: known.assumed }).toEqual({
      count: 5,
      assumed: ['users', 'pullTime'],
    });
    expect(recordedPull(pull, undefined).assumed).toContain('noGroups');
    expect(recordedPull({ ...pull, subject: '', gets: 1, heads: 0 }, users).assumed).toEqual([]);
  });
});

describe('a replay', () => {
  it('groups what changes, with the newest as the example, and counts the rest', () => {
    const replay = createReplay(BEFORE, AFTER);
    const pushed = (tag: string | undefined, time: string) =>
      asked(recordedOf(record({ type: 'push.accepted', ...(tag && { tag: { name: tag } }), time })));
    replay.add(pushed('latest', '2026-11-20T10:00:00.000Z'));
    replay.add(pushed('nightly', '2026-11-22T10:00:00.000Z'));
    replay.add(pushed('v1', '2026-11-21T10:00:00.000Z'));
    replay.add(asked(recordedOf(refused({ tag: { name: 'v2' } }))));
    replay.omit('build', 7);
    const { changes, ...numbers } = replay.answer();
    expect(numbers).toEqual({
      requests: 6,
      changed: 5,
      unlisted: 0,
      assumed: [],
      omitted: [{ what: 'claims of builds are not recorded', requests: 7 }],
    });
    expect(changes).toEqual([
      expect.objectContaining({
        before: 'possible',
        after: 'granted',
        count: 3,
        action: 'create or overwrite',
      }),
      {
        user: 'alice',
        action: 'create',
        repository: 'team/app',
        before: 'granted',
        after: 'refused',
        rulesBefore: ['ci'],
        rulesAfter: [],
        count: 2,
        example: 'alice (ci) from 10.1.2.3, create team/app:nightly, docker/24.0.7',
        last: '2026-11-22T10:00:00.000Z',
      },
    ]);
  });
});
