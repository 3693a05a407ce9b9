import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import { type Leaf, readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';

const FAILURES = 4;

describeNeeding(['docker-registry'], 'the record of failed logins', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({
      users: ['alice'],
      settings: { logins: { failuresPerMinute: { byAddress: FAILURES, byUserAndAddress: FAILURES } } },
    });
  }, 60_000);
  afterAll(() => front?.stop());

  const failed = (from: string): readonly Leaf[] =>
    readLog(join(front.warden.folder, 'data')).filter(
      ({ type, peer }) => type === 'login.failed' && (peer as { ip: string }).ip === from,
    );
  const fail = (user: string, from: string) =>
    front.ask({ path: `/token?service=${front.service}`, basic: { user, password: 'wrong' }, from });

  it('names a user that exists, and never repeats what else was typed for a name', async () => {
    const from = '127.0.0.31';
    const password = `hunter-${randomBytes(6).toString('hex')}`;
    const session = `wrt_${randomBytes(32).toString('base64url')}`;
    const secrets = [password, session, front.passwords.alice];
    const replies = [];
    for (const user of ['alice', ...secrets]) replies.push(await fail(user, from));
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);

    const records = await eventually(
      () => failed(from),
      (found) => found.length >= 2,
    );
    expect(records.map(({ actor }) => (actor as { sub: string }).sub)).toEqual(['alice', '(unknown name)']);
    const all = JSON.stringify(readLog(join(front.warden.folder, 'data')));
    for (const secret of secrets) expect(all).not.toContain(secret);
  });

  it('counts what nobody looked at by its address alone', async () => {
    const from = '127.0.0.32';
    for (let n = 0; n < FAILURES; n++) await fail('alice', from);
    const replies = await Promise.all(['alice', 'bob', 'carol'].map((user) => fail(user, from)));
    expect(replies.map(({ status }) => status)).toEqual([429, 429, 429]);
    const limited = await eventually(
      () => failed(from).filter(({ reason }) => reason === 'TOO_MANY_REQUESTS'),
      (found) => found.length > 0,
    );
    expect(limited).toHaveLength(1);
    expect(limited[0]).not.toHaveProperty('actor');
  });
});
