import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { type Front, startFront } from '../gate/front.ts';
import { basicHeader } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

describeNeeding(['docker-registry'], 'records as they happen, for a login that ends', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['erin'] });
  }, 60_000);
  afterAll(() => front?.stop());

  const whole = (headers: Record<string, string>, onOpen: () => void): Promise<string> =>
    new Promise((resolve, reject) => {
      const { host, port } = front.place;
      const asked = request({ host, port, path: '/api/v1/events', headers }, (response) => {
        let text = '';
        onOpen();
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString('utf8');
        });
        response.on('end', () => resolve(text));
        response.on('error', reject);
      });
      asked.on('error', reject);
      asked.end();
    });

  test.each(['a session of the page', 'a password'])(
    'the stream of %s ends with it',
    async (what) => {
      const ours = { 'x-warden-page': '1' };
      const signed = await front.ask({
        method: 'POST',
        path: '/ui/session',
        headers: { ...ours, 'content-type': 'application/json' },
        body: Buffer.from(JSON.stringify({ user: 'erin', password: front.passwords.erin })),
      });
      const cookie = String(signed.headers['set-cookie']).split(';')[0] ?? '';
      const headers: Record<string, string> =
        what === 'a password'
          ? { authorization: basicHeader('erin', front.passwords.erin) }
          : { ...ours, cookie };
      let opened = false;
      const text = whole(headers, () => {
        opened = true;
      });
      await eventually(
        () => opened,
        (is) => is,
      );
      if (what === 'a password') expect((await front.warden.cli(['user', 'remove', 'erin'])).status).toBe(0);
      else await front.ask({ method: 'DELETE', path: '/ui/session', headers: { ...ours, cookie } });
      expect(await text).toMatch(/^retry: 3000\n\n/);
    },
    60_000,
  );
});
