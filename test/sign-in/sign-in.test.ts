import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import type { Reply } from '../gate/wire.ts';
import { readLog } from '../record/read-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { begin, comeBack, cookieIn, goThrough, OURS, type People, signIn, startPeople } from './front.ts';

describeNeeding(['docker-registry'], 'signing in by an issuer', () => {
  let people: People;
  beforeAll(async () => {
    people = await startPeople();
    const { issuer, other } = people;
    issuer.people['ann'] = { groups: ['auditors', 'staff'] };
    issuer.people['tom'] = { groups: ['team'] };
    issuer.people['alice'] = { groups: [] };
    other.people['ann'] = { groups: ['team'] };
  }, 60_000);
  afterAll(() => people?.stop());

  const session = (cookie: string, method = 'GET') =>
    people.front.ask({ method, path: '/ui/session', headers: { ...OURS, cookie } });
  const pushes = (cookie: string) =>
    people.front.ask({ path: '/api/v1/pushes', headers: { ...OURS, cookie } });

  test('begins with PKCE, a state and a nonce, and comes back to the address of the settings whatever the client says', async () => {
    const { front, issuer } = people;
    const host = { origin: front.warden.url, 'x-forwarded-host': 'evil.example' };
    const { address, reply } = await begin(front, 'corp', { headers: host });
    expect(address.origin).toBe(issuer.url);
    const asked = Object.fromEntries(address.searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: issuer.clientId,
      code_challenge_method: 'S256',
      redirect_uri: `${front.warden.url}/ui/signed-in/corp`,
      scope: 'openid',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) expect(asked[name]).toMatch(/^[\w-]{43}$/);
    const sealed = String(reply.headers['set-cookie']);
    expect(sealed).toMatch(/^warden-sign-in-[\w-]{16}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/);
    // The browser carries them, and cannot read them.
    const text = Buffer.from(sealed.replace(/^[^=]+=([\w-]+).*/, '$1'), 'base64url').toString('latin1');
    for (const name of ['state', 'nonce']) expect(text).not.toContain(asked[name]);
  });

  test('ends where one was, as a person of that issuer with the groups that count', async () => {
    const { front } = people;
    const { address, cookie } = await begin(front, 'corp', { returnTo: '/ui/records?tag=1' });
    const reply = await comeBack(front, await goThrough(address, 'ann'), cookie);
    expect([reply.status, reply.headers['location']]).toEqual([303, `${front.warden.url}/ui/records?tag=1`]);
    const set = String(reply.headers['set-cookie']);
    expect(set).toMatch(/^warden-sign-in-[\w-]{16}=; Path=\/; Max-Age=0/);
    expect(set).toMatch(/warden=wrt_[\w.-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict/);
    expect(reply.headers['referrer-policy']).toBe('no-referrer');
    const mine = cookieIn(reply, 'warden') ?? '';
    expect(JSON.parse((await session(mine)).text)).toEqual({
      user: { name: 'corp:ann', kind: 'person', groups: ['auditors'] },
      providers: [
        { name: 'Corp corp', href: '/ui/sign-in/corp' },
        { name: 'Corp other', href: '/ui/sign-in/other' },
      ],
    });
    expect((await pushes(mine)).status).toBe(200);
  });

  test('gives what policy gives to the groups, and to nobody of the same name elsewhere', async () => {
    const { front } = people;
    expect((await pushes(await signIn(front, 'tom'))).status).toBe(200);
    // A rule names alice of the users file.
    const alice = await signIn(front, 'alice');
    expect(JSON.parse((await session(alice)).text)).toMatchObject({ user: { name: 'corp:alice' } });
    expect((await pushes(alice)).status).toBe(403);
    const ann = await signIn(front, 'ann', 'other');
    expect(JSON.parse((await session(ann)).text)).toMatchObject({
      user: { name: 'other:ann', groups: ['team'] },
    });
  });

  test('is one of several that a browser has begun: each of the newest four can be finished', async () => {
    const { front } = people;
    const jar = new Map<string, string>();
    const cookies = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const keep = (reply: Reply): void => {
      const set = String(reply.headers['set-cookie'] ?? '');
      for (const [, name = '', value = ''] of set.matchAll(/(warden-sign-in-[\w-]+)=([^;,]*);/g)) {
        if (value === '') jar.delete(name);
        else jar.set(name, value);
      }
    };
    const addresses: URL[] = [];
    for (let n = 0; n < 5; n++) {
      const { reply, address } = await begin(front, 'corp', { headers: { cookie: cookies() } });
      keep(reply);
      addresses.push(address);
    }
    expect(jar.size).toBe(4);
    const signedIn: boolean[] = [];
    for (const address of addresses) {
      const reply = await comeBack(front, await goThrough(address, 'ann'), cookies());
      keep(reply);
      signedIn.push(cookieIn(reply, 'warden') !== undefined);
    }
    expect(signedIn).toEqual([false, true, true, true, true]);
    expect(jar.size).toBe(0);
  });

  test('ends at the server when one signs out, and the answer says where to sign out of the issuer', async () => {
    const { front, issuer } = people;
    const mine = await signIn(front, 'ann');
    const reply = await session(mine, 'DELETE');
    expect(reply.status).toBe(200);
    const { address } = JSON.parse(reply.text) as { address: string };
    const there = new URL(address);
    expect(there.origin).toBe(issuer.url);
    expect(Object.fromEntries(there.searchParams)).toEqual({
      client_id: issuer.clientId,
      post_logout_redirect_uri: `${front.warden.url}/ui/`,
    });
    expect((await pushes(mine)).status).toBe(401);
  });

  test.each([
    ['by its id', ['--session']],
    ['by name', ['--subject', 'corp:tom']],
  ])('ends when somebody ends the session %s, and is begun anew', async (_how, [option = '', name]) => {
    const { front } = people;
    const mine = await signIn(front, 'tom');
    const id = /wrt_([\w-]{16})\./.exec(mine)?.[1] ?? '';
    const listed = await front.warden.cli(['session', 'list', '--subject', 'corp:tom', '--json']);
    expect(listed.stdout).toContain(id);
    expect((await front.warden.cli(['session', 'revoke', option, name ?? id])).status).toBe(0);
    await eventually(
      async () => (await pushes(mine)).status,
      (status) => status === 401,
    );
    expect((await pushes(await signIn(front, 'tom'))).status).toBe(200);
  });

  test('does not leave the session behind that the browser had', async () => {
    const { front } = people;
    const before = await signIn(front, 'tom');
    const { address, cookie } = await begin(front, 'corp', { headers: { cookie: before } });
    await comeBack(front, await goThrough(address, 'ann'), cookie);
    expect((await pushes(before)).status).toBe(401);
  });

  test('that one declines at the issuer leads back to the page, which says so', async () => {
    const { front } = people;
    const { address, cookie } = await begin(front);
    const reply = await comeBack(front, await goThrough(address, 'ann', 'no'), cookie);
    expect(reply.status).toBe(303);
    expect(reply.headers['location']).toContain(`${front.warden.url}/ui/?signIn=declined&request=`);
    expect(cookieIn(reply, 'warden')).toBeUndefined();
  });

  test('leaves no code, secret or token in the log', async () => {
    const { front, issuer } = people;
    const { address, cookie } = await begin(front);
    const back = await goThrough(address, 'ann');
    const mine = cookieIn(await comeBack(front, back, cookie), 'warden') ?? '';
    const canaries = [
      back.searchParams.get('code') ?? '',
      back.searchParams.get('state') ?? '',
      address.searchParams.get('nonce') ?? '',
      issuer.clientSecret,
      cookie.split('=')[1] ?? '',
      mine.split('=')[1] ?? '',
    ];
    for (const canary of canaries) {
      expect(canary.length).toBeGreaterThan(20);
      expect(front.warden.log()).not.toContain(canary);
    }
  });

  test('that fails is on record without a name, as that of a person', async () => {
    const { front } = people;
    const { address } = await begin(front);
    await comeBack(front, await goThrough(address, 'ann'), undefined);
    const failed = await eventually(
      () =>
        readLog(join(front.warden.folder, 'data')).find(
          ({ type, actor }) =>
            type === 'login.failed' && (actor as { method?: string } | undefined)?.method === 'oidc',
        ),
      (found) => found !== undefined,
    );
    expect(failed).toMatchObject({
      actor: { sub: '(unknown name)', kind: 'person', method: 'oidc', evidence: 'claimed' },
      reason: 'CREDENTIALS_REFUSED',
    });
  });
});
