import { readFileSync } from 'node:fs';
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { startUpload, type With } from './images.ts';

const MIB = 1024 ** 2;
const SIZE = 5 * 1024 * MIB;
/** Of so many zeros: `head -c 5368709120 /dev/zero | sha256sum`. */
const DIGEST = 'sha256:7f06c62352aebd8125b2a1841e2b9e1ffcbed602f381c3dcb3200200e383d1d5';
/** Buffers that passed and are not collected yet: 85 MiB were seen, with the first gigabyte and with the fifth. */
const GROWTH_LIMIT = 128 * MIB;
const MINUTE_MS = 60_000;

describeNeeding(['docker-registry'], 'a layer of 5 GiB', () => {
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    front = await startFront({ users: ['alice'], settings: { tokens: { lifetimeSeconds: 3600 } } });
    const scope = ['repository:pub/a:pull,push', 'repository:pub/b:pull,push'];
    alice = { token: await front.token({ user: 'alice', scope }), from: BUILDER };
  }, MINUTE_MS);
  afterAll(() => front?.stop(), MINUTE_MS);

  /** The most memory that Warden ever had resident. */
  function peakBytes(): number {
    const [, kilobytes] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${front.warden.pid()}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  function* zeros(): Generator<Buffer> {
    const part = Buffer.alloc(MIB);
    for (let sent = 0; sent < SIZE; sent += part.length) yield part;
  }

  /** The answer, its body counted and dropped. */
  async function send(
    method: string,
    path: string,
    headers: OutgoingHttpHeaders,
    body: Iterable<Buffer> = [],
  ): Promise<{ readonly status: number | undefined; readonly location: string; readonly bytes: number }> {
    const request = httpRequest({
      ...front.place,
      localAddress: BUILDER,
      method,
      path,
      headers: { authorization: `Bearer ${alice.token}`, ...headers },
    });
    const answered = new Promise<{ status: number | undefined; location: string; bytes: number }>(
      (resolve, reject) => {
        request.once('error', reject);
        request.once('response', (response) => {
          let bytes = 0;
          response.on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
          response.once('error', reject);
          response.once('end', () =>
            resolve({ status: response.statusCode, location: String(response.headers.location), bytes }),
          );
        });
      },
    );
    await Promise.all([pipeline(Readable.from(body), request), answered]);
    return answered;
  }
  const begin = async (repository: string): Promise<string> =>
    String((await startUpload(front.place, repository, alice)).headers['location']);

  it(
    'goes through in chunks, as one body and back, in flat memory',
    async () => {
      const before = peakBytes();
      const patch = await send('PATCH', await begin('pub/a'), { 'transfer-encoding': 'chunked' }, zeros());
      expect(patch.status).toBe(202);
      const end = await send('PUT', `${patch.location}&digest=${DIGEST}`, { 'content-length': 0 });
      expect(end.status).toBe(201);
      const whole = `${await begin('pub/b')}&digest=${DIGEST}`;
      expect((await send('PUT', whole, { 'content-length': SIZE }, zeros())).status).toBe(201);
      const back = await send('GET', `/v2/pub/b/blobs/${DIGEST}`, {});
      expect(back).toMatchObject({ status: 200, bytes: SIZE });
      const grown = peakBytes() - before;
      console.log(
        `resident before: ${Math.round(before / MIB)} MiB, at most ${Math.round(grown / MIB)} more`,
      );
      expect(grown).toBeLessThan(GROWTH_LIMIT);
    },
    20 * MINUTE_MS,
  );
});
