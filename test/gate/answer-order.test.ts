import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { type Front, startFront } from './front.ts';
import { sendRaw } from './wire.ts';

describeNeeding(['docker-registry'], 'the answers on one connection', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront();
  });
  afterAll(() => front?.stop());

  it.each([
    ['what cannot be read', 'GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n', 400],
    ['a head beyond the limit', `GET /v2/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ])('come in the order of the requests, also to %s, which ends it', async (_what, malformed, status) => {
    const token = await front.token({ user: 'bob', scope: 'repository:pub:pull' });
    const get = `GET /v2/pub/manifests/none HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const { replies, closed } = await sendRaw(front.place, get + get + malformed + get);
    expect(replies.map((reply) => reply.status)).toEqual([404, 404, status]);
    expect(closed).toBe(true);
  });
});
