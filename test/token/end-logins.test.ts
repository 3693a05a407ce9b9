/** What is revoked when logins are ended, over a real store. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Revocation } from '../../src/revocation/revocation.ts';
import { openSqliteDocuments } from '../../src/store/sqlite-documents.ts';
import { createEndLogins } from '../../src/token/end-logins.ts';
import { createSessions, SESSION_KIND, type SessionBody } from '../../src/token/sessions.ts';
import { makeTemp } from '../support/temp.ts';

const temp = makeTemp('end-logins');
let store: Awaited<ReturnType<typeof openSqliteDocuments>>;
beforeAll(async () => {
  store = await openSqliteDocuments({ file: temp.at('credentials.db') });
});
afterAll(async () => {
  await store.close();
  await temp.stop();
});

const LAST_SECOND = 1_800_000_000_999;

async function untilOf(target: object): Promise<number | undefined> {
  const revoked: Revocation[] = [];
  const sessions = createSessions({
    ...{ documents: store.of<SessionBody>(SESSION_KIND), now: () => LAST_SECOND, random: randomBytes },
    ...{ idleMs: 1000, absoluteMs: 1000, binding: () => true },
  });
  const logins = createEndLogins({
    ...{ sessions, now: () => LAST_SECOND, random: randomBytes, sessionMs: 1000 },
    revoke: async (one) => {
      revoked.push(one);
    },
  });
  await logins.end({ kind: 'robot', id: 'deployer', ...target });
  return revoked[0]?.until;
}

describe('ending the logins of a robot', () => {
  it('speaks of what was begun until now', async () => {
    expect(await untilOf({})).toBe(LAST_SECOND);
  });

  it('speaks of what it gets until every process knows that it is gone', async () => {
    expect(await untilOf({ gone: true })).toBe(LAST_SECOND + 2000);
  });

  it('speaks of all where it never comes back', async () => {
    expect(await untilOf({ forever: true })).toBeUndefined();
  });
});
