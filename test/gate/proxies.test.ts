import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { eventually } from './eventually.ts';
import { BUILDER, ELSEWHERE, type Front, startFront, tokenIn } from './front.ts';
import { startUpload } from './images.ts';
import { basicHeader, rawRequest, sendRaw } from './wire.ts';

const PROXY = '127.0.0.9';
const INNER_PROXY = '127.0.0.10';
/** Not of this machine: credentials from there need TLS. */
const STRANGER = '10.1.2.3';

describeNeeding(['docker-registry'], 'the client behind a listed proxy', () => {
  let front: Front;
  let token: string;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'], settings: { trustedProxies: [PROXY, INNER_PROXY] } });
    token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push' });
  }, 60_000);
  afterAll(() => front?.stop());

  /** A push through a proxy with these X-Forwarded-For lines. */
  const pushVia = async (from: string, ...forwarded: string[]) => {
    const { replies } = await sendRaw(
      front.place,
      rawRequest('POST /v2/pub/blobs/uploads/ HTTP/1.1', [
        `Host: ${front.service}`,
        `Authorization: Bearer ${token}`,
        'X-Forwarded-Proto: https',
        ...forwarded.map((value) => `X-Forwarded-For: ${value}`),
        'Content-Length: 0',
        'Connection: close',
      ]),
      { from },
    );
    const [reply] = replies;
    return { status: reply?.status, message: reply?.error?.message ?? '' };
  };

  it.each<readonly [string, readonly string[], number]>([
    ['is who the proxy says', [BUILDER], 202],
    ['is another whom the proxy says', [ELSEWHERE], 403],
    ['is the last that no listed proxy is', [`${BUILDER}, ${ELSEWHERE}`], 403],
    ['is found behind two listed proxies', [`${ELSEWHERE}, ${BUILDER}, ${INNER_PROXY}`], 202],
    ['is the last over several lines', [BUILDER, ELSEWHERE], 403],
    ['is the last over several lines, the other way round', [ELSEWHERE, BUILDER], 202],
    ['is an IPv4 address in IPv6', [`::ffff:${BUILDER}`], 202],
    ['cannot be read in octal', ['0127.0.0.5'], 400],
    ['cannot be read with a name', ['builder.example'], 400],
    ['cannot be read as unknown', ['unknown'], 400],
    ['cannot be read when it is empty', [''], 400],
  ])('%s', async (_what, forwarded, status) => {
    expect((await pushVia(PROXY, ...forwarded)).status).toBe(status);
  });

  it('is the peer where the proxy says nothing', async () => {
    const { status, message } = await pushVia(PROXY);
    expect(status).toBe(403);
    expect(message).toContain(`from ${PROXY}`);
  });

  it('is the peer where it comes past the proxy, whatever it says', async () => {
    expect((await pushVia(ELSEWHERE, BUILDER)).status).toBe(403);
    expect((await pushVia(BUILDER, ELSEWHERE)).status).toBe(202);
  });

  it('is not found by the other headers that proxies send', async () => {
    for (const header of [
      `Forwarded: for=${BUILDER}`,
      `X-Real-Ip: ${BUILDER}`,
      `X_Forwarded_For: ${BUILDER}`,
    ]) {
      const { replies } = await sendRaw(
        front.place,
        rawRequest('POST /v2/pub/blobs/uploads/ HTTP/1.1', [
          `Host: ${front.service}`,
          `Authorization: Bearer ${token}`,
          header,
          'Content-Length: 0',
          'Connection: close',
        ]),
        { from: PROXY },
      );
      expect(replies[0]?.status).toBe(403);
    }
  });

  it('keeps its address in the record beside that of the proxy', async () => {
    const refused = await pushVia(PROXY, `9.9.9.9, ${ELSEWHERE}`);
    expect(refused.message).toContain(`from ${ELSEWHERE}`);
    const line = await eventually(
      () =>
        front.warden.logLines().findLast(({ route, status }) => route === 'upload-start' && status === 403),
      (found) => found?.['peer'] === PROXY,
    );
    expect(line).toMatchObject({ address: ELSEWHERE });
  });

  it('sends a password only where the proxy had TLS', async () => {
    const login = (proto: string | undefined, from = PROXY) =>
      front.ask({
        path: `/token?service=${front.service}`,
        from,
        headers: {
          authorization: basicHeader('alice', front.passwords.alice),
          'x-forwarded-for': STRANGER,
          ...(proto !== undefined && { 'x-forwarded-proto': proto }),
        },
      });
    tokenIn(await login('https'));
    for (const proto of ['http', undefined, 'https, http', 'HTTPS evil']) {
      const reply = await login(proto);
      expect({ proto, status: reply.status }).toEqual({ proto, status: 401 });
      expect(reply.error?.message).toContain('only over TLS');
      expect(reply.text).not.toMatch(/"token"/);
    }
    // Past the proxy, from this machine itself, nothing is on the way.
    tokenIn(await login(undefined, BUILDER));
  });

  it('may be anonymous without TLS', async () => {
    const reply = await front.ask({
      path: `/token?service=${front.service}&scope=repository:pub:pull`,
      from: PROXY,
      headers: { 'x-forwarded-for': STRANGER },
    });
    tokenIn(reply);
    expect((await startUpload(front.place, 'pub', { token: tokenIn(reply), from: PROXY })).status).toBe(403);
  });
});

describeNeeding(['docker-registry', 'distribution3'], 'a registry of distribution 3', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'], version: 3 });
  }, 60_000);
  afterAll(() => front?.stop());

  it('takes the tokens of Warden, and none of a client', async () => {
    const token = await front.token({ user: 'alice', scope: 'repository:pub:pull,push', from: BUILDER });
    expect((await startUpload(front.place, 'pub', { token, from: BUILDER })).status).toBe(202);
    const direct = await fetch(`${front.registry.url}/v2/`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(direct.status).toBe(401);
  });
});
