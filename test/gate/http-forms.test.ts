/** Forms of HTTP that clients of registries seldom use, and that must mean the same. */
import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ACCEPT_MANIFESTS } from '../../src/protocol/manifest.ts';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, ELSEWHERE, type Front, registryMoment, registryRequests, startFront } from './front.ts';
import {
  blobOf,
  digestOf,
  pushImage,
  type SmallImage,
  smallImage,
  startUpload,
  type With,
} from './images.ts';
import { basicHeader, chunked, openLine, rawRequest, sendRaw } from './wire.ts';

describeNeeding(['docker-registry'], 'a request in another form of HTTP', () => {
  let front: Front;
  let alice: With;
  let image: SmallImage;

  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob'] });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    image = smallImage({ layerBytes: 200_000 });
    expect((await pushImage(front.place, 'pub', 'l', image, alice)).status).toBe(201);
  }, 60_000);
  afterAll(() => front?.stop());

  const head = (line: string, ...headers: readonly string[]) =>
    rawRequest(line, [
      `Host: ${front.service}`,
      `Authorization: Bearer ${alice.token}`,
      `Accept: ${ACCEPT_MANIFESTS}`,
      ...headers,
    ]);
  const begin = async (): Promise<string> =>
    String((await startUpload(front.place, 'pub', alice)).headers['location']);
  const statuses = (text: string): string[] =>
    [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map(([, status = '']) => status);

  it('that expects 100 is asked for its body, once, wherever it may go on', async () => {
    const blob = blobOf(randomBytes(100));
    const manifest = smallImage();
    const form = `grant_type=password&service=${encodeURIComponent(front.service)}&username=alice&password=${front.passwords.alice}`;
    const bodies: readonly (readonly [string, string | Buffer, string, readonly string[]])[] = [
      [`PATCH ${await begin()}`, 'abc', '202', []],
      [`PUT ${await begin()}&digest=${blob.digest}`, blob.bytes, '201', []],
      ['POST /v2/pub/blobs/uploads/', '', '202', []],
      // Its blobs are not there.
      ['PUT /v2/pub/manifests/e', manifest.bytes, '400', [`Content-Type: ${manifest.mediaType}`]],
    ];
    for (const [first, body, status, headers] of bodies) {
      const line = openLine(front.place, BUILDER);
      line.write(
        head(
          `${first} HTTP/1.1`,
          ...headers,
          `Content-Length: ${body.length}`,
          'Expect: 100-continue',
          'Connection: close',
        ),
      );
      await line.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
      line.write(body);
      await line.closed;
      expect([first, statuses(line.text())]).toEqual([first, ['100', status]]);
    }
    const line = openLine(front.place, BUILDER);
    line.write(
      rawRequest('POST /token HTTP/1.1', [
        `Host: ${front.service}`,
        'Content-Type: application/x-www-form-urlencoded',
        `Content-Length: ${form.length}`,
        'Expect: 100-Continue',
        'Connection: close',
      ]),
    );
    await line.until(/^HTTP\/1\.1 100 Continue\r\n\r\n/);
    line.write(form);
    await line.closed;
    expect(statuses(line.text())).toEqual(['100', '200']);
  });

  it('that expects 100 and has no body is answered as without', async () => {
    for (const [method, path] of [
      ['GET', '/v2/'],
      ['GET', '/v2/pub/manifests/l'],
      ['HEAD', '/v2/pub/manifests/l'],
      ['GET', `/v2/pub/blobs/${image.layer.digest}`],
      ['GET', '/v2/pub/tags/list'],
    ] as const) {
      const { text, closed } = await sendRaw(
        front.place,
        head(`${method} ${path} HTTP/1.1`, 'Expect: 100-continue', 'Connection: close'),
        { from: BUILDER, method },
      );
      expect([path, statuses(text).filter((status) => status !== '100')]).toEqual([path, ['200']]);
      expect(closed).toBe(true);
    }
  });

  it.each([
    ['PUT of a manifest', 'PUT /v2/pub/manifests/x', '403'],
    ['POST of an upload', 'POST /v2/pub/blobs/uploads/', '403'],
    ['PUT of a manifest elsewhere', 'PUT /v2/sec/manifests/x', '403'],
    ['PUT to an address that is none', 'PUT /v2/UPPER/manifests/x', '404'],
    ['PATCH of a manifest', 'PATCH /v2/pub/manifests/x', '405'],
    ['GET with a body', 'GET /v2/pub/manifests/l', '400'],
    ['form at an upload', 'POST /v2/pub/blobs/uploads/', '403'],
  ])('that expects 100 is refused before its body: %s', async (what, first, status) => {
    const since = await registryMoment(front.registry);
    const type = what.startsWith('form') ? ['Content-Type: application/x-www-form-urlencoded'] : [];
    const line = openLine(front.place, ELSEWHERE);
    line.write(
      head(
        `${first} HTTP/1.1`,
        ...type,
        'Content-Length: 1000000',
        'Expect: 100-continue',
        'Connection: close',
      ),
    );
    await line.closed;
    expect(statuses(line.text())).toEqual([status]);
    expect(line.text()).toMatch(/"errors":\[\{"code":"[A-Z_]+"/);
    expect(await registryRequests(front.registry, since)).toEqual([]);
  });

  it('of HTTP/1.0 pulls and pushes', async () => {
    const { replies, closed } = await sendRaw(
      front.place,
      head(`GET /v2/pub/blobs/${image.layer.digest} HTTP/1.0`),
      { from: BUILDER },
    );
    expect(replies.map(({ status, whole }) => ({ status, whole }))).toEqual([{ status: 200, whole: true }]);
    expect(digestOf(replies[0]?.bytes ?? Buffer.alloc(0))).toBe(image.layer.digest);
    expect(closed).toBe(true);
    const text = 'pushed by 1.0';
    const put = await sendRaw(
      front.place,
      head(`PUT ${await begin()}&digest=${blobOf(text).digest} HTTP/1.0`, `Content-Length: ${text.length}`) +
        text,
      { from: BUILDER },
    );
    expect(put.replies.map(({ status }) => status)).toEqual([201]);
    expect(put.closed).toBe(true);
    // It knows neither chunks nor interim answers.
    const list = await sendRaw(front.place, head('GET /v2/pub/tags/list HTTP/1.0', 'Expect: 100-continue'), {
      from: BUILDER,
    });
    expect(list.text).not.toMatch(/transfer-encoding|100 Continue/i);
    expect(JSON.parse(list.replies.at(-1)?.text ?? '')).toEqual({ name: 'pub', tags: ['l'] });
  });

  it('of HTTP/1.0 keeps its connection where it asks for it', async () => {
    const line = openLine(front.place, BUILDER);
    for (let round = 1; round <= 3; round++) {
      line.write(head('GET /v2/pub/manifests/l HTTP/1.0', 'Connection: keep-alive'));
      await line.until(new RegExp(`(?:${image.layer.digest}[\\s\\S]*){${round}}`));
    }
    expect(statuses(line.text())).toEqual(['200', '200', '200']);
    expect(line.text().match(/^connection: keep-alive\r$/gim)).toHaveLength(3);
    line.write(head('GET /v2/pub/manifests/l HTTP/1.0'));
    await line.closed;
    expect(statuses(line.text())).toHaveLength(4);
  });

  it('of HTTP/1.0 in chunks, which it does not have, hides no other request', async () => {
    const since = await registryMoment(front.registry);
    const hidden = rawRequest('POST /v2/smuggled/blobs/uploads/ HTTP/1.1', ['Host: x', 'Content-Length: 0']);
    for (const first of [
      'PUT /v2/pub/manifests/x',
      'GET /v2/pub/manifests/l',
      'POST /v2/pub/blobs/uploads/',
    ]) {
      for (const framing of [
        ['Transfer-Encoding: chunked'],
        ['Transfer-Encoding: chunked', 'Content-Length: 5'],
      ]) {
        const { replies, closed } = await sendRaw(
          front.place,
          head(`${first} HTTP/1.0`, 'Connection: keep-alive', ...framing) + chunked(hidden),
          { from: BUILDER },
        );
        expect(replies.map(({ status }) => status)).toEqual([400]);
        expect(closed).toBe(true);
      }
    }
    const requests = await registryRequests(front.registry, since);
    expect(requests.filter((line) => line.includes('smuggled'))).toEqual([]);
  });

  it.each(['HTTP/2.0', 'HTTP/1.2', 'HTTP/0.9', 'HTTP/3', 'http/1.1', 'HTTP/1.1 '])(
    'of %s is not read',
    async (version) => {
      const since = await registryMoment(front.registry);
      const { replies, closed } = await sendRaw(front.place, head(`GET /v2/pub/manifests/l ${version}`), {
        from: BUILDER,
      });
      expect(replies.filter(({ status }) => status !== 400 && status !== 505)).toEqual([]);
      expect(closed).toBe(true);
      expect(await registryRequests(front.registry, since)).toEqual([]);
    },
  );

  it('of the beginning of HTTP/2 ends the connection', async () => {
    const { closed, replies } = await sendRaw(front.place, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(replies.filter(({ status }) => status < 400)).toEqual([]);
    expect(closed).toBe(true);
  });

  it('sent with many others at once is answered in its place, whatever they are', async () => {
    const asked: readonly (readonly [string, string])[] = [
      [head('GET /v2/pub/manifests/l HTTP/1.1'), '200'],
      [head(`GET /v2/pub/blobs/${image.layer.digest} HTTP/1.1`), '200'],
      [head('GET /v2/sec/tags/list HTTP/1.1'), '403'],
      [head('POST /v2/pub/blobs/uploads/ HTTP/1.1', 'Content-Length: 0'), '202'],
      [`${head(`PATCH ${await begin()} HTTP/1.1`, 'Content-Length: 3')}abc`, '202'],
      [head(`PATCH ${await begin()} HTTP/1.1`, 'Transfer-Encoding: chunked') + chunked('abc'), '202'],
      [head('GET /v2/nothing HTTP/1.1'), '404'],
      [head(`GET /v2/pub/blobs/${image.config.digest} HTTP/1.1`, 'Range: bytes=0-4'), '206'],
      [head('GET /v2/pub/tags/list HTTP/1.1'), '200'],
      [
        rawRequest(`GET /token?service=${encodeURIComponent(front.service)} HTTP/1.1`, [
          `Host: ${front.service}`,
          `Authorization: ${basicHeader('alice', front.passwords.alice)}`,
        ]),
        '200',
      ],
      [head('GET /v2/ HTTP/1.1', 'Connection: close'), '200'],
    ];
    const line = openLine(front.place, BUILDER);
    line.write(asked.map(([text]) => text).join(''));
    await line.closed;
    // What is in a layer could look like a status line, with a probability of nothing.
    expect(statuses(line.text())).toEqual(asked.map(([, status]) => status));
  });

  it('on a kept connection follows any other, pulls and pushes mixed', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1, localAddress: BUILDER });
    const ports = new Set<number | undefined>();
    const send = (method: string, path: string, body?: Buffer): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          {
            ...front.place,
            agent,
            method,
            path,
            headers: {
              authorization: `Bearer ${alice.token}`,
              ...(body && { 'content-length': body.length }),
            },
          },
          (response) => {
            ports.add(response.socket.localPort);
            response.resume().on('end', () => resolve(response.statusCode));
          },
        );
        request.on('error', reject);
        request.end(body);
      });
    const seen: (number | undefined)[] = [];
    for (let round = 0; round < 5; round++) {
      seen.push(await send('GET', `/v2/pub/blobs/${image.layer.digest}`));
      seen.push(await send('PATCH', await begin(), randomBytes(100_000)));
      seen.push(await send('HEAD', `/v2/pub/blobs/${image.layer.digest}`));
      seen.push(await send('POST', '/v2/pub/blobs/uploads/'));
      seen.push(await send('GET', '/v2/sec/tags/list'));
    }
    agent.destroy();
    expect(seen).toEqual(Array.from({ length: 5 }, () => [200, 202, 200, 202, 403]).flat());
    expect(ports.size).toBe(1);
  });
});
