import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import type { Reply } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { buildPage } from './build.ts';

const OURS = { 'x-warden-page': '1', 'sec-fetch-site': 'same-origin' };
const FOLDER = join(import.meta.dirname, '..', '..', 'dist', 'page');

describeNeeding(['docker-registry'], 'the page as the server has it', () => {
  let front: Front;
  beforeAll(async () => {
    await buildPage();
    front = await startFront({ users: ['alice', 'erin'] });
  }, 60_000);
  afterAll(() => front.stop());

  const signIn = (
    more: { readonly headers?: Record<string, string>; readonly body?: string } = {},
  ): Promise<Reply> =>
    front.ask({
      method: 'POST',
      path: '/ui/session',
      headers: { ...OURS, 'content-type': 'application/json', ...more.headers },
      body: Buffer.from(more.body ?? JSON.stringify({ user: 'erin', password: front.passwords.erin })),
    });
  async function cookie(): Promise<string> {
    const reply = await signIn();
    expect(reply.status).toBe(200);
    return String(reply.headers['set-cookie']).split(';')[0] ?? '';
  }
  const pushes = (headers: Record<string, string>): Promise<Reply> =>
    front.ask({ path: '/api/v1/pushes', headers });

  describe('its files', () => {
    test('come with a policy that lets nothing in from elsewhere', async () => {
      const reply = await front.ask({ path: '/ui/' });
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      });
      const policy = String(reply.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("form-action 'none'");
      expect(policy).toContain("trusted-types 'none'");
      expect(policy).not.toContain('unsafe');
      expect(reply.text).not.toMatch(/<script>|https?:\/\/(?!www\.w3\.org)/);
    });

    test('named by their content are kept for ever, and not sent again', async () => {
      const name = /page-[0-9a-f]{16}\.js/.exec((await front.ask({ path: '/ui/' })).text)?.[0];
      const reply = await front.ask({ path: `/ui/${name}` });
      expect(reply.headers['cache-control']).toContain('immutable');
      const again = await front.ask({
        path: `/ui/${name}`,
        headers: { 'if-none-match': String(reply.headers['etag']) },
      });
      expect([again.status, again.text]).toEqual([304, '']);
      const packed = await front.ask({ path: `/ui/${name}`, headers: { 'accept-encoding': 'br' } });
      expect(packed.headers['content-encoding']).toBe('br');
    });

    test('are below 150 kB compressed', () => {
      for (const form of ['.br', '.gz']) {
        const sizes = readdirSync(FOLDER)
          .filter((name) => name.endsWith(form))
          .map((name) => statSync(join(FOLDER, name)).size);
        expect(sizes).toHaveLength(3);
        expect(sizes.reduce((sum, one) => sum + one, 0)).toBeLessThan(150_000);
      }
    });

    test.each(['/ui/records', '/ui/record/12'])('%s is a view, which the page reads itself', async (path) => {
      const reply = await front.ask({ path });
      expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    });

    test.each(['/ui/none.js', '/ui/page-0000000000000000.js'])('%s is nothing', async (path) => {
      expect((await front.ask({ path })).status).toBe(404);
    });

    test('/ui leads to it, and nothing is done there but reading', async () => {
      const reply = await front.ask({ path: '/ui' });
      expect([reply.status, reply.headers['location']]).toEqual([308, '/ui/']);
      expect((await front.ask({ method: 'POST', path: '/ui/' })).status).toBe(405);
    });
  });

  describe('signing in', () => {
    test('gives a cookie that scripts cannot read and other sites cannot send', async () => {
      const reply = await signIn();
      expect(reply.status).toBe(200);
      expect(JSON.parse(reply.text)).toEqual({
        user: { name: 'erin', kind: 'person', groups: ['auditors'] },
        providers: [],
      });
      expect(String(reply.headers['set-cookie'])).toMatch(
        /^warden=wrt_[\w-]+\.[\w-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
      );
      expect(reply.headers['cache-control']).toBe('no-store');
    });

    test('with a wrong password is refused without the dialog of a browser', async () => {
      const reply = await signIn({ body: JSON.stringify({ user: 'erin', password: 'wrong' }) });
      expect(reply.status).toBe(401);
      expect(reply.headers['www-authenticate']).toBeUndefined();
      expect(reply.headers['set-cookie']).toBeUndefined();
    });

    test.each([
      ['without the header of the page', { 'x-warden-page': '' }],
      ['from another site', { 'sec-fetch-site': 'cross-site' }],
      ['from another origin', { origin: 'https://evil.example' }],
      ['from an origin without a name', { origin: 'null' }],
      ['by a form', { 'content-type': 'text/plain' }],
      ['by a navigation', { 'sec-fetch-mode': 'navigate' }],
    ])('%s is refused', async (_how, headers) => {
      const reply = await signIn({ headers });
      expect([400, 415]).toContain(reply.status);
      expect(reply.headers['set-cookie']).toBeUndefined();
    });

    test.each([
      ['no JSON', '{'],
      ['another key', '{"user":"erin","password":"x","admin":true}'],
      ['too much', `"${'x'.repeat(9000)}"`],
    ])('with %s is refused', async (_what, body) => {
      expect([400, 413]).toContain((await signIn({ body })).status);
    });
  });

  describe('a session', () => {
    test('reads what its reader may read, and says who it is', async () => {
      const session = await cookie();
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(200);
      const who = await front.ask({ path: '/ui/session', headers: { ...OURS, cookie: session } });
      expect(JSON.parse(who.text)).toMatchObject({ user: { name: 'erin' } });
    });

    test.each([
      ['without the header of the page', { 'x-warden-page': '' }],
      ['that another site sends', { 'sec-fetch-site': 'same-site' }],
      ['of another origin', { origin: 'http://127.0.0.1:1' }],
    ])('%s counts for nothing', async (_how, headers) => {
      const reply = await pushes({ ...OURS, cookie: await cookie(), ...headers });
      expect(reply.status).toBe(401);
    });

    test('of the same host by another protocol counts for nothing', async () => {
      const { host, port } = front.place;
      const ask = async (origin: string) =>
        (await pushes({ ...OURS, cookie: await cookie(), origin })).status;
      expect([await ask(`http://${host}:${port}`), await ask(`https://${host}:${port}`)]).toEqual([200, 401]);
    });

    test.each([
      ['POST', 'grants', { repositories: ['team/app'] }],
      ['POST', 'grants/g_1/approve', { comment: 'x' }],
      ['POST', 'grants/g_1/close', {}],
      ['POST', 'robots', { name: 'x', repositories: ['team/app'], days: 1 }],
      ['POST', 'robots/x/rotate', {}],
      ['DELETE', 'robots/x', undefined],
      ['DELETE', 'sessions/x', undefined],
      ['POST', 'revocations', { kind: 'subject', id: 'erin' }],
      ['POST', 'reconciliation', {}],
    ])('does not do %s %s for another site, however it is asked', async (method, path, body) => {
      const session = await cookie();
      const { 'sec-fetch-site': _, ...old } = OURS;
      const asked = [
        { cookie: session },
        { ...OURS, 'x-warden-page': '', cookie: session },
        { ...OURS, 'sec-fetch-site': 'cross-site', cookie: session },
        { ...OURS, 'sec-fetch-site': 'same-site', cookie: session },
        { ...OURS, 'sec-fetch-site': 'none', cookie: session },
        { ...OURS, 'sec-fetch-mode': 'no-cors', cookie: session },
        { ...OURS, origin: 'https://evil.example', cookie: session },
        { ...OURS, origin: 'null', cookie: session },
        // A browser of before Fetch Metadata, with an Origin.
        { ...old, origin: `https://${front.place.host}.evil.example:${front.place.port}`, cookie: session },
        { ...old, origin: `http://${front.place.host}:1`, cookie: session },
      ];
      for (const headers of asked) {
        const reply = await front.ask({
          method,
          path: `/api/v1/${path}`,
          headers: { 'content-type': 'application/json', ...headers },
          ...(body && { body: Buffer.from(JSON.stringify(body)) }),
        });
        expect({ headers, status: reply.status }).toEqual({ headers, status: 401 });
      }
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(200);
    });

    test.each(['OPTIONS', 'HEAD', 'PUT', 'PATCH'])(
      'tells no other site by %s that it may ask',
      async (method) => {
        const reply = await front.ask({
          method,
          path: '/api/v1/pushes',
          headers: {
            ...{ origin: 'https://evil.example', 'access-control-request-method': 'GET' },
            'access-control-request-headers': 'x-warden-page',
          },
        });
        expect(reply.status).toBe(405);
        expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
      },
    );

    test('is not needed by other sites either where a browser knows the password', async () => {
      const asked = (headers: Record<string, string>) =>
        front.ask({
          path: '/api/v1/pushes?format=csv',
          headers,
          basic: { user: 'erin', password: front.passwords.erin },
        });
      expect((await asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' })).status).toBe(400);
      expect((await asked({ 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'iframe' })).status).toBe(400);
      // Who follows a link sees where it leads.
      expect((await asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' })).status).toBe(
        200,
      );
      expect((await asked({})).status).toBe(200);
    });

    test('that comes twice counts for nothing', async () => {
      const session = await cookie();
      expect((await pushes({ ...OURS, cookie: `${session}; ${session}` })).status).toBe(401);
    });

    test('behind what only JavaScript takes for a blank is another cookie, which a neighbouring host may have set', async () => {
      const session = await cookie();
      expect((await pushes({ ...OURS, cookie: `\u00a0${session}` })).status).toBe(401);
      expect((await pushes({ ...OURS, cookie: `a=b; \t${session} ; c=d` })).status).toBe(200);
    });

    test('is worth nothing at the token endpoint, nor as a Bearer', async () => {
      const token = (await cookie()).replace('warden=', '');
      for (const service of [front.service, `${front.service}/api`, `${front.service}/api/page`]) {
        const form = new URLSearchParams({ grant_type: 'refresh_token', service, refresh_token: token });
        const reply = await front.ask({
          method: 'POST',
          path: '/token',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: Buffer.from(form.toString()),
        });
        expect([400, 401]).toContain(reply.status);
      }
      expect((await pushes({ authorization: `Bearer ${token}` })).status).toBe(401);
    });

    test('a refresh token is no session of the page', async () => {
      const asked = await front.askToken({ user: 'erin', more: { offline_token: 'true' } });
      const { refresh_token: refresh } = JSON.parse(asked.text) as { refresh_token: string };
      expect((await pushes({ ...OURS, cookie: `warden=${refresh}` })).status).toBe(401);
    });

    test('ends at the server when its reader signs out', async () => {
      const session = await cookie();
      const reply = await front.ask({
        method: 'DELETE',
        path: '/ui/session',
        headers: { ...OURS, cookie: session },
      });
      expect([reply.status, String(reply.headers['set-cookie'])]).toEqual([
        204,
        expect.stringContaining('Max-Age=0'),
      ]);
      const after = await pushes({ ...OURS, cookie: session });
      expect(after.status).toBe(401);
      expect(after.headers['www-authenticate']).toBeUndefined();
    });

    test('of the one before ends when somebody signs in on top of it', async () => {
      const before = await cookie();
      await signIn({ headers: { cookie: before } });
      expect((await pushes({ ...OURS, cookie: before })).status).toBe(401);
    });

    test('that somebody else chose is not taken over by whoever signs in', async () => {
      const chosen = `warden=wrt_${'A'.repeat(16)}.${'B'.repeat(43)}`;
      const reply = await signIn({ headers: { cookie: chosen } });
      const given = String(reply.headers['set-cookie']).split(';')[0] ?? '';
      expect(given).not.toBe(chosen);
      expect((await pushes({ ...OURS, cookie: chosen })).status).toBe(401);
      expect((await pushes({ ...OURS, cookie: given })).status).toBe(200);
    });

    test('ends when it is ended elsewhere', async () => {
      const session = await cookie();
      const other = await cookie();
      const mine = await front.ask({ path: '/api/v1/sessions', headers: { ...OURS, cookie: session } });
      const { items } = JSON.parse(mine.text) as { items: { id: string }[] };
      const id = /wrt_([\w-]{16})\./.exec(session)?.[1] ?? '';
      expect(items.map((item) => item.id)).toContain(id);
      const ended = await front.ask({
        method: 'DELETE',
        path: `/api/v1/sessions/${id}`,
        headers: { ...OURS, cookie: other },
      });
      expect(ended.status).toBe(204);
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(401);
      expect((await pushes({ ...OURS, cookie: other })).status).toBe(200);
    });

    test('of somebody whom policy lets read nothing reads nothing', async () => {
      const reply = await signIn({
        body: JSON.stringify({ user: 'alice', password: front.passwords.alice }),
      });
      const session = String(reply.headers['set-cookie']).split(';')[0] ?? '';
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(403);
    });

    test('of somebody who is no longer a user ends with that', async () => {
      const reply = await signIn({
        body: JSON.stringify({ user: 'alice', password: front.passwords.alice }),
      });
      const session = String(reply.headers['set-cookie']).split(';')[0] ?? '';
      expect((await front.warden.cli(['user', 'remove', 'alice'])).status).toBe(0);
      await eventually(
        async () => (await front.ask({ path: '/ui/session', headers: { ...OURS, cookie: session } })).text,
        (text) => !text.includes('alice'),
      );
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(401);
    });
  });
});
