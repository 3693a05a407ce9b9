import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Front, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { expectWhole } from './expect-whole.ts';
import { brokenChains, pushWhileKilled, type Report, unrecorded, wrongEnds } from './kill-loop.ts';
import type { Leaf } from './read-log.ts';

describeNeeding(['docker-registry'], 'the record of a Warden that is killed', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({
      users: ['alice'],
      settings: { record: { settleSeconds: 1 }, tokens: { lifetimeSeconds: 3600 } },
    });
  }, 60_000);
  afterAll(() => front?.stop());

  it('has every push that a client was told of, and no other, after ten deaths', async () => {
    expectWhole(await pushWhileKilled(front, 10));
  }, 180_000);
});

describeNeeding([], 'the look at a record after deaths', () => {
  const leaf = (index: number, digest: string, from?: string, prev?: number): Leaf => ({
    type: 'push.accepted',
    index,
    subject: { repo: 'a', digest },
    tag: { name: 't', ...(from && { from }), ...(prev !== undefined && { prev }) },
  });
  const report = (leaves: Leaf[], more: Partial<Report> = {}): Report => ({
    told: [],
    leaves,
    openIntents: 0,
    integrity: 'ok',
    missing: [],
    tags: new Map([['a:t', leaves.at(-1)?.subject?.digest]]),
    ...more,
  });
  const whole = [leaf(0, 'x'), leaf(1, 'y', 'x', 0), leaf(2, 'z', 'y', 1)];

  it('finds nothing in a whole one', () => {
    const told = [{ repository: 'a', tag: 't', digest: 'y', status: 201 }];
    expect([
      unrecorded(report(whole, { told })),
      brokenChains(report(whole)),
      wrongEnds(report(whole)),
    ]).toEqual([[], [], []]);
  });

  it('finds a push without a record, and a second one with only one', () => {
    const told = ['y', 'y', 'w'].map((digest) => ({ repository: 'a', tag: 't', digest, status: 201 }));
    expect(unrecorded(report(whole, { told }))).toEqual(['a:t@y', 'a:t@w']);
  });

  it('finds a link that is missing, and one that says another place', () => {
    expect(brokenChains(report([leaf(0, 'x'), leaf(2, 'z', 'y', 1)]))).toHaveLength(1);
    expect(brokenChains(report([leaf(0, 'x'), leaf(1, 'y', 'x', 5)]))).toHaveLength(1);
  });

  it('finds a tag that shows something else', () => {
    expect(wrongEnds(report(whole, { tags: new Map([['a:t', 'x']]) }))).toHaveLength(1);
  });
});
