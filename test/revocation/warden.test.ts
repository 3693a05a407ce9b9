import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runCommand } from '../cli/run-command.ts';
import { eventually } from '../gate/eventually.ts';
import { claimsOf, type Front, POLICY, startFront, tokenIn } from '../gate/front.ts';
import { type Leaf, readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { requireSuccess } from '../support/process.ts';
import { baseWith, JSON_TYPE, logIn, postForm, pushWith, refreshWith } from './logins.ts';

const WITH_SESSIONS = `${POLICY}
  - id: on-call
    allow: [sessions]
    repositories: ["**"]
    who: { groups: [security] }
`;

/** A hundred at most, and the last of them is what a test waits for. */
function records(front: Front): readonly Leaf[] {
  return readLog(join(front.warden.folder, 'data')).filter(({ type }) => type === 'session.revoked');
}

/** Several processes, and commands before them. */
const SET_UP_MS = 120_000;

describeNeeding(['docker-registry'], 'a login that is ended', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ policy: WITH_SESSIONS, users: ['alice', 'bob', 'carol'] });
  }, SET_UP_MS);
  afterAll(() => front?.stop());

  const recorded = (revoked: Readonly<Record<string, unknown>>): Promise<readonly Leaf[]> =>
    eventually(
      () => records(front),
      (found) =>
        found.some((leaf) =>
          Object.entries(revoked).every(([k, v]) => (leaf['revoked'] as Record<string, unknown>)[k] === v),
        ),
    );
  const revoke = (body: unknown, user: 'alice' | 'bob' | 'carol', headers = JSON_TYPE) =>
    front.ask({
      ...{ method: 'POST', path: '/api/v1/revocations', headers, body: JSON.stringify(body) },
      basic: { user, password: front.passwords[user] },
    });

  it('by its own client takes the refresh token and all that was got by it, and nothing else', async () => {
    const [login, other] = [await logIn(front, 'alice'), await logIn(front, 'alice')];
    const got = tokenIn(await refreshWith(front, login.refresh));
    expect((await pushWith(front, got)).status).toBe(202);
    const answer = await postForm(front, '/token/revoke', {
      token: login.refresh,
      token_type_hint: 'refresh_token',
    });
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store']);
    for (const token of [login.token, got]) {
      const refused = await baseWith(front, token);
      expect([refused.status, refused.error]).toEqual([
        401,
        { code: 'UNAUTHORIZED', message: 'this login was ended; log in again' },
      ]);
      expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
      expect((await pushWith(front, token)).status).toBe(401);
    }
    expect((await refreshWith(front, login.refresh)).error?.message).toBe(
      'the login has ended; log in again',
    );
    expect((await baseWith(front, other.token)).status).toBe(200);
    expect((await refreshWith(front, other.refresh)).status).toBe(200);
    const found = await recorded({ kind: 'session', sub: 'alice' });
    expect(found.at(-1)).toMatchObject({
      actor: { sub: 'alice', method: 'refresh_token', evidence: 'verified' },
      peer: { ip: '127.0.0.1' },
      revoked: { kind: 'session', sub: 'alice', sessions: 1 },
      done: expect.any(String),
    });
    expect(front.warden.log()).not.toContain(login.refresh);
  });

  it('by its own client may be an access token alone, of the registry or of the API', async () => {
    const { token, refresh } = await logIn(front, 'alice');
    expect((await postForm(front, '/token/revoke', { token })).status).toBe(200);
    expect((await baseWith(front, token)).status).toBe(401);
    expect((await refreshWith(front, refresh)).status).toBe(200);
    await recorded({ kind: 'token', id: claimsOf(token).jti });
    const api = await front.token({ user: 'carol', service: `${front.service}/api` });
    const mine = { path: '/api/v1/sessions', token: api };
    expect((await front.ask(mine)).status).toBe(200);
    expect((await postForm(front, '/token/revoke', { token: api })).status).toBe(200);
    const refused = await front.ask(mine);
    expect([refused.status, refused.error?.message]).toEqual([401, 'this login was ended; log in again']);
  });

  it('is asked for in one way only, and what is no login is told or ignored', async () => {
    const { token } = await logIn(front, 'alice');
    for (const bogus of ['bogus', `${token}x`, 'wrt_AAAAAAAAAAAAAAAA.x'])
      expect((await postForm(front, '/token/revoke', { token: bogus })).status).toBe(200);
    expect((await postForm(front, '/token/revoke', {})).status).toBe(400);
    const anonymous = await front.token({ scope: 'repository:pub:pull' });
    expect((await postForm(front, '/token/revoke', { token: anonymous })).status).toBe(400);
    expect((await front.ask({ path: '/token/revoke' })).status).toBe(405);
    const json = { method: 'POST', path: '/token/revoke', headers: JSON_TYPE, body: '{}' };
    expect((await front.ask(json)).status).toBe(415);
    expect((await baseWith(front, token)).status).toBe(200);
  });

  it('cannot stand in for another: a refresh token opens nothing as a Bearer', async () => {
    const { refresh } = await logIn(front, 'alice');
    expect((await baseWith(front, refresh)).status).toBe(401);
    expect((await front.ask({ path: '/api/v1/sessions', token: refresh })).status).toBe(401);
  });

  it('is on the list of its user, who can end it; others’ are not there', async () => {
    const { refresh, token } = await logIn(front, 'bob', 'repository:pub:pull');
    const bob = { user: 'bob', password: front.passwords.bob };
    const list = async (query = '', basic = bob) => front.ask({ path: `/api/v1/sessions${query}`, basic });
    const { items } = JSON.parse((await list()).text) as { items: Record<string, string>[] };
    expect(items).toEqual([
      {
        ...{ id: expect.any(String), subject: 'bob', service: front.service, clientId: 'docker' },
        ...{ started: expect.any(String), used: expect.any(String) },
        ...{ startAddress: '127.0.0.1', useAddress: '127.0.0.1' },
      },
    ]);
    for (const query of ['?subject=alice', '?all=true']) {
      const refused = await list(query);
      expect([refused.status, refused.error?.code]).toEqual([403, 'DENIED']);
      expect(refused.error?.message).toContain('see and end logins of everybody');
    }
    for (const query of ['?al=true', '?all=yes', '?subject=a&subject=b'])
      expect((await list(query)).status).toBe(400);
    const { id = '' } = items[0] ?? {};
    const remove = (user: 'alice' | 'bob', which: string) =>
      front.ask({
        ...{ method: 'DELETE', path: `/api/v1/sessions/${which}` },
        basic: { user, password: front.passwords[user] },
      });
    // One of somebody else, and one that is not there, are alike.
    const [foreign, none] = [await remove('alice', id), await remove('alice', 'AAAAAAAAAAAAAAAA')];
    expect([foreign.status, foreign.text]).toEqual([404, none.text]);
    expect((await remove('bob', id)).status).toBe(204);
    expect((await baseWith(front, token)).status).toBe(401);
    expect((await refreshWith(front, refresh)).status).toBe(401);
    expect((await front.ask({ path: '/api/v1/sessions' })).status).toBe(401);
  });

  it('of others is for whom a rule lets; the user logs in again and goes on', async () => {
    const { token, refresh } = await logIn(front, 'alice');
    expect((await revoke({ kind: 'subject', id: 'alice' }, 'bob')).status).toBe(403);
    for (const wrong of [
      { kind: 'all', id: 'x' },
      { kind: 'subject' },
      { kind: 'checks', id: 'x' },
      { kind: 'subject', id: 'a b' },
      [],
      { kind: 'subject', id: 'alice', x: 1 },
    ])
      expect((await revoke(wrong, 'carol')).status).toBe(400);
    expect(
      (await revoke({ kind: 'subject', id: 'alice' }, 'carol', { 'content-type': 'text/plain' })).status,
    ).toBe(415);
    expect((await baseWith(front, token)).status).toBe(200);
    const ended = await revoke({ kind: 'subject', id: 'alice' }, 'carol');
    expect(ended.status).toBe(200);
    expect((JSON.parse(ended.text) as { sessions: number }).sessions).toBeGreaterThan(0);
    expect((await baseWith(front, token)).status).toBe(401);
    expect((await refreshWith(front, refresh)).status).toBe(401);
    const again = await logIn(front, 'alice');
    expect((await pushWith(front, again.token)).status).toBe(202);
    expect((await recorded({ kind: 'subject', id: 'alice' })).at(-1)).toMatchObject({
      actor: { sub: 'carol', method: 'password', groups: ['security'] },
    });
    // Everybody ends all of their own.
    expect((await revoke({ kind: 'subject', id: 'alice' }, 'alice')).status).toBe(200);
    expect((await baseWith(front, again.token)).status).toBe(401);
  });

  it('of one session is for whose it is, and for whom policy lets', async () => {
    const { refresh } = await logIn(front, 'alice');
    const id = /^wrt_([^.]+)\./.exec(refresh)?.[1] ?? '';
    expect((await revoke({ kind: 'session', id }, 'bob')).status).toBe(403);
    expect((await refreshWith(front, refresh)).status).toBe(200);
    expect((await revoke({ kind: 'session', id }, 'alice')).status).toBe(200);
    expect((await refreshWith(front, refresh)).status).toBe(401);
  });

  it('is one of so many in a minute by the same user, since each is remembered and on record', async () => {
    const all = await Promise.all(
      Array.from({ length: 125 }, () => revoke({ kind: 'subject', id: 'bob' }, 'bob')),
    );
    // One fewer where what he ended before falls into the same minute.
    expect([119, 120]).toContain(all.filter(({ status }) => status === 200).length);
    const last = all.find(({ status }) => status === 429);
    expect(last?.error?.message).toContain('at most 120 logins of one user');
    // Others go on, and whoever may end those of everybody is not counted.
    expect((await revoke({ kind: 'subject', id: 'bob' }, 'carol')).status).toBe(200);
  });

  it('by a command beside the server is in force there by itself, and after a restart', async () => {
    const { token, refresh } = await logIn(front, 'alice');
    const { jti } = claimsOf(tokenIn(await refreshWith(front, refresh)));
    const listed = requireSuccess(await front.warden.cli(['session', 'list', '--subject', 'alice']));
    const [, id = ''] = /^alice +(\S+)/m.exec(listed.stdout) ?? [];
    requireSuccess(await front.warden.cli(['session', 'revoke', '--token', jti]));
    requireSuccess(await front.warden.cli(['session', 'revoke', '--session', id]));
    await eventually(
      () => baseWith(front, token),
      ({ status }) => status === 401,
    );
    expect((await refreshWith(front, refresh)).status).toBe(401);
    await front.warden.restart();
    expect((await baseWith(front, token)).status).toBe(401);
    expect(
      (await recorded({ kind: 'session', id })).find(
        (leaf) => (leaf['revoked'] as { id?: string }).id === id,
      ),
    ).toMatchObject({
      actor: { method: 'command', evidence: 'claimed' },
      revoked: { kind: 'session', id, sub: 'alice', sessions: 1 },
    });
    // Each act is recorded once.
    await recorded({ kind: 'token', id: jti });
    expect(records(front).filter((leaf) => (leaf['revoked'] as { id?: string }).id === id)).toHaveLength(1);
  });

  it('is refused by the command in one sentence where it is not named well', async () => {
    for (const [args, sentence] of [
      [['revoke'], 'give one of --subject, --session, --token, --robot, --grant'],
      [['revoke', '--subject', 'a', '--robot', 'b'], 'give one of'],
      [['revoke', '--subject', 'a b'], 'expected 1 to 255 printable characters'],
      [['list', '--user-name', 'x'], '--user-name is for asking a server: give --url'],
    ] as const) {
      const { status, err } = await runCommand(front.warden.settingsFile, ['session', ...args]);
      expect([status, err.join()]).toEqual([2, expect.stringContaining(sentence)]);
    }
  });

  it('by a command that asks the server is decided by policy', async () => {
    const { token } = await logIn(front, 'alice');
    const asking = (user: 'bob' | 'carol') => [
      '--url',
      front.warden.url,
      '--user-name',
      user,
      '--password-stdin',
    ];
    const run = (args: readonly string[], user: 'bob' | 'carol') =>
      front.warden.cli(['session', ...args, ...asking(user)], { input: `${front.passwords[user]}\n` });
    const refused = await run(['revoke', '--subject', 'alice'], 'bob');
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('answered 403')]);
    expect(requireSuccess(await run(['list', '--all', '--json'], 'carol')).stdout).toContain(
      '"subject":"alice"',
    );
    requireSuccess(await run(['revoke', '--subject', 'alice'], 'carol'));
    expect((await baseWith(front, token)).status).toBe(401);
    requireSuccess(await run(['flush'], 'carol'));
    expect((await recorded({ kind: 'checks' })).at(-1)).toMatchObject({ actor: { sub: 'carol' } });
  });
});

describe('sessions that are bound to their place', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'], settings: { sessions: { bind: 'address' } } });
  });
  afterAll(() => front.stop());

  it('give nothing elsewhere, and say so', async () => {
    const { refresh } = await logIn(front, 'alice');
    const form = {
      grant_type: 'refresh_token',
      service: front.service,
      client_id: 'x',
      refresh_token: refresh,
    };
    const ask = (from: string) =>
      front.ask({
        ...{ method: 'POST', path: '/token', from, body: new URLSearchParams(form).toString() },
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      });
    const refused = await ask('127.0.0.9');
    expect([refused.status, refused.error?.message]).toEqual([
      401,
      'a login is good only near the address where it was made; log in here again',
    ]);
    expect((await ask('127.0.0.1')).status).toBe(200);
  });
});
