import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      });
      const policy = String(reply.headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
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
      const sizes = readdirSync(FOLDER).map((name) => gzipSync(readFileSync(join(FOLDER, name))).length);
      expect(sizes.reduce((sum, one) => sum + one, 0)).toBeLessThan(150_000);
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

    test('that comes twice counts for nothing', async () => {
      const session = await cookie();
      expect((await pushes({ ...OURS, cookie: `${session}; ${session}` })).status).toBe(401);
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

    test('of somebody whom policy lets read nothing reads nothing', async () => {
      const reply = await signIn({
        body: JSON.stringify({ user: 'alice', password: front.passwords.alice }),
      });
      const session = String(reply.headers['set-cookie']).split(';')[0] ?? '';
      expect((await pushes({ ...OURS, cookie: session })).status).toBe(403);
    });
  });
});
