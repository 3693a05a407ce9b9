import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { type Ask, ask } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';
import { type ScriptedRegistry, startScriptedRegistry } from '../upstream/scripted-registry.ts';
import { openSite, restartWith, type Site } from './site.ts';

const DIGEST = `sha256:${'5'.repeat(64)}`;
const BODY = 'the body as the registry gives it';
const GOOD = ['HTTP/1.1 200 OK', `Docker-Content-Digest: ${DIGEST}`, 'Content-Length: 200000'];

describeNeeding(['docker-registry', 'nginx'], 'an answer of the registry that is out of the ordinary', () => {
  let site: Site;
  let registry: ScriptedRegistry;
  let pull: Ask;
  /** Of the answer to a HEAD; undefined: the connection is cut. */
  let head: readonly string[] | undefined;
  /** The first line of the answer to a GET. */
  let status = '200 OK';

  beforeAll(async () => {
    site = await openSite({ mode: 'accel', users: ['alice'] });
    registry = await startScriptedRegistry(({ socket, method }) => {
      const answer = [`HTTP/1.1 ${status}`, `Content-Length: ${BODY.length}`, '', BODY];
      if (method !== 'HEAD') socket.write(answer.join('\r\n'));
      else if (head) socket.write(`${head.join('\r\n')}\r\n\r\n`);
      else socket.destroy();
    });
    await restartWith(site, { registry: { url: registry.url.origin } });
    const token = await site.front.token({ scope: 'repository:pub:pull' });
    pull = { path: `/v2/pub/blobs/${DIGEST}`, token };
  }, 60_000);
  afterAll(async () => {
    await site?.stop();
    await registry?.stop();
  });

  it.each<readonly [string, readonly string[], string, number]>([
    ['no such blob', ['HTTP/1.1 404 Not Found', 'Content-Length: 9'], '404 Not Found', 404],
    ['Warden is not believed', ['HTTP/1.1 401 Unauthorized', 'Content-Length: 9'], '401 Unauthorized', 502],
    [
      'a fault',
      ['HTTP/1.1 500 Internal Server Error', 'Content-Length: 9'],
      '500 Internal Server Error',
      500,
    ],
    [
      'the blob is elsewhere',
      ['HTTP/1.1 307 Temporary Redirect', 'Location: http://s3.corp/x', 'Content-Length: 0'],
      '200 OK',
      200,
    ],
    [
      'another blob',
      [GOOD[0] ?? '', 'Docker-Content-Digest: sha256:0', 'Content-Length: 200000'],
      '200 OK',
      200,
    ],
    ['no name', [GOOD[0] ?? '', 'Content-Length: 200000'], '200 OK', 200],
    ['no length', [...GOOD.slice(0, 2), 'Connection: close'], '200 OK', 200],
    ['a part', ['HTTP/1.1 206 Partial Content', ...GOOD.slice(1)], '200 OK', 200],
  ])('goes on as without: %s', async (_what, answer, line, expected) => {
    [head, status] = [answer, line];
    const before = await site.offloaded();
    const through = await site.once(pull);
    const direct = await ask(site.front.place, pull);
    expect({ status: through.status, text: through.text }).toEqual({ status: expected, text: direct.text });
    expect(direct.status).toBe(expected);
    expect(await site.offloaded()).toBe(before);
  });

  it('is no answer: the registry is away', async () => {
    head = undefined;
    const reply = await site.once(pull);
    expect({ status: reply.status, code: reply.error?.code }).toEqual({ status: 503, code: 'UNAVAILABLE' });
  });

  it('does not come where all is well: the body is left to nginx, which has no such file', async () => {
    [head, status] = [GOOD, '200 OK'];
    const before = await site.offloaded();
    expect((await site.once(pull)).status).toBe(404);
    expect(await site.offloaded()).toBe(before + 1);
  });
});
