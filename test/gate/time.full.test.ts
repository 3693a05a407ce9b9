import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { eventually } from './eventually.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { blobOf, digestOf, pushImage, putBlob, smallImage, startUpload, type With } from './images.ts';
import { insertTap, type Tap } from './tap.ts';
import { openLine, rawRequest } from './wire.ts';

const MIB = 1024 * 1024;
const KIB_64 = 65_536;

/** Every limit is a second or two, but the one for the commit of an upload. */
describeNeeding(['docker-registry'], 'the time of a transfer', () => {
  let front: Front;
  let tap: Tap;
  let alice: With;
  const large = blobOf(randomBytes(48 * MIB));

  beforeAll(async () => {
    front = await startFront({
      users: ['alice'],
      settings: {
        clients: { headSeconds: 1, bodySeconds: 1, idleSeconds: 2, keepAliveSeconds: 2 },
        registry: { responseTimeoutSeconds: 2, connectTimeoutSeconds: 1 },
      },
    });
    tap = await insertTap(front);
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    expect((await putBlob(front.place, 'pub', large, alice)).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    front?.registry.resume();
    await front?.stop();
    await tap?.stop();
  });

  const head = (line: string, headers: readonly string[]) =>
    rawRequest(line, [`Host: ${front.service}`, `Authorization: Bearer ${alice.token}`, ...headers]);
  const begin = async (): Promise<string> =>
    String((await startUpload(front.place, 'pub', alice)).headers['location']);
  const inFlight = async (route: string): Promise<string> =>
    new RegExp(`^warden_requests_in_flight\\{route="${route}"\\} (\\d+)$`, 'm').exec(
      (await front.operations('/metrics')).text,
    )?.[1] ?? '0';
  const idle = (route: string) =>
    eventually(
      () => inFlight(route),
      (count) => count === '0',
    );
  async function whilePaused<T>(work: () => Promise<T>): Promise<T> {
    front.registry.pause();
    try {
      return await work();
    } finally {
      front.registry.resume();
    }
  }

  it('of an upload is as long as it takes, beyond every other limit, while it goes on', async () => {
    const parts = Array.from({ length: 6 }, () => randomBytes(KIB_64));
    const digest = `sha256:${createHash('sha256').update(Buffer.concat(parts)).digest('hex')}`;
    const framings = [`Content-Length: ${parts.length * KIB_64}`, 'Transfer-Encoding: chunked'];
    const uploads = framings.map(async (framing) => {
      const line = openLine(front.place, BUILDER);
      line.write(head(`PUT ${await begin()}&digest=${digest} HTTP/1.1`, [framing, 'Connection: close']));
      const inChunks = framing.startsWith('Transfer');
      for (const part of parts) {
        await sleep(900);
        if (inChunks) line.write(`${part.length.toString(16)}\r\n`);
        line.write(part);
        if (inChunks) line.write('\r\n');
      }
      if (inChunks) line.write('0\r\n\r\n');
      await line.closed;
      return line.text().slice(0, 12);
    });
    expect(await Promise.all(uploads)).toEqual(['HTTP/1.1 201', 'HTTP/1.1 201']);
    expect((await front.ask({ ...alice, method: 'HEAD', path: `/v2/pub/blobs/${digest}` })).status).toBe(200);
  });

  it.each([
    ['stands still', 0, 'Content-Length: 50000000'],
    ['sends a byte now and then', 1, 'Content-Length: 50000000'],
    ['sends a chunk of a byte now and then', 1, 'Transfer-Encoding: chunked'],
  ])(
    'of an upload that %s ends with 408, the registry is released, and the next upload works',
    async (_what, size, framing) => {
      const stalled = front.warden.logLines().filter(({ error }) => error === 'REQUEST_STALLED').length;
      // Those of earlier requests are kept for later ones.
      const kept = Math.max(2, tap.open());
      const location = await begin();
      const line = openLine(front.place, BUILDER);
      line.write(head(`PATCH ${location} HTTP/1.1`, [framing]));
      const chunk = framing.startsWith('Transfer') ? '1\r\nx\r\n' : 'x';
      line.write(chunk);
      const dripping = setInterval(() => size > 0 && line.write(chunk), 50);
      await line.until(/did not come in time/);
      clearInterval(dripping);
      expect(line.text()).toMatch(/^HTTP\/1\.1 408 /);
      expect(line.text()).toMatch(/connection: close/i);
      line.socket.destroy();
      await idle('upload');
      await eventually(
        () => front.warden.logLines().filter(({ error }) => error === 'REQUEST_STALLED').length,
        (count) => count > stalled,
      );
      // It is the client's doing: nobody need be woken.
      expect(front.warden.logLines().filter(({ level }) => level === 'error')).toEqual([]);
      // docker-registry 2.8 keeps the byte that came, and takes this address for that of another state, as after any body
      // that is cut: a client begins anew. On a slow machine the cut may come before the byte: then the state is the same.
      const proceed = await front.ask({ ...alice, method: 'PATCH', path: location, body: 'abc' });
      expect([
        [404, 'BLOB_UPLOAD_INVALID'],
        [202, undefined],
      ]).toContainEqual([proceed.status, proceed.error?.code]);
      expect((await putBlob(front.place, 'pub', blobOf(randomBytes(100)), alice)).status).toBe(201);
      await eventually(
        () => tap.open(),
        (open) => open <= kept,
      );
    },
  );

  it('of a manifest that does not come whole ends with 408, and its tag waits for nobody', async () => {
    const line = openLine(front.place, BUILDER);
    line.write(
      head('PUT /v2/pub/manifests/slow HTTP/1.1', [
        'Content-Length: 500',
        'Content-Type: application/vnd.oci.image.manifest.v1+json',
      ]),
    );
    const dripping = setInterval(() => line.write(' '), 50);
    await line.until(/did not come in time/);
    clearInterval(dripping);
    expect(line.text()).toMatch(/^HTTP\/1\.1 408 /);
    line.socket.destroy();
    expect((await pushImage(front.place, 'pub', 'slow', smallImage(), alice)).status).toBe(201);
  });

  it.each([
    ['nothing', 0],
    ['a byte now and then', 1],
  ])('of a pull whose client reads %s ends, and the registry is released', async (_what, bytes) => {
    const cuts = () =>
      front.warden.logLines().filter(({ route, status, cut }) => route === 'blob' && status === 200 && cut)
        .length;
    const before = cuts();
    const line = openLine(front.place, BUILDER);
    line.socket.pause();
    line.write(head(`GET /v2/pub/blobs/${large.digest} HTTP/1.1`, []));
    const reading = setInterval(() => bytes > 0 && line.socket.read(bytes), 50);
    await eventually(
      () => inFlight('blob'),
      (count) => count === '1',
    );
    await idle('blob');
    clearInterval(reading);
    line.socket.destroy();
    await eventually(
      () => cuts(),
      (now) => now === before + 1,
    );
  });

  it('of a slow reader that reads on is as long as it takes', async () => {
    const line = openLine(front.place, BUILDER);
    line.socket.pause();
    line.write(head(`GET /v2/pub/blobs/${large.digest} HTTP/1.1`, ['Connection: close']));
    const chunks: Buffer[] = [];
    line.socket.removeAllListeners('data');
    line.socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Pauses below the limit, together longer than it.
    for (let round = 0; round < 6; round++) {
      line.socket.pause();
      await sleep(600);
      const before = chunks.length;
      line.socket.resume();
      while (chunks.length === before && !line.socket.destroyed) await sleep(5);
    }
    line.socket.resume();
    await line.closed;
    const all = Buffer.concat(chunks);
    expect(digestOf(all.subarray(all.indexOf('\r\n\r\n') + 4))).toBe(large.digest);
  });

  it('of a registry that does not answer ends with 503, at the start of an upload too', async () => {
    await whilePaused(async () => {
      const asked = [
        ['GET', `/v2/pub/blobs/${large.digest}`],
        ['HEAD', `/v2/pub/blobs/${large.digest}`],
        ['GET', '/v2/pub/manifests/slow'],
        ['GET', '/v2/pub/tags/list'],
        ['POST', '/v2/pub/blobs/uploads/'],
      ] as const;
      const replies = await Promise.all(asked.map(([method, path]) => front.ask({ ...alice, method, path })));
      expect(replies.map(({ status }) => status)).toEqual(asked.map(() => 503));
    });
    expect((await front.ask({ ...alice, path: '/v2/pub/tags/list' })).status).toBe(200);
  });

  it('of a registry that stops in the middle of an upload ends with 503', async () => {
    const location = await begin();
    const line = openLine(front.place, BUILDER);
    line.write(head(`PATCH ${location} HTTP/1.1`, [`Content-Length: ${large.bytes.length}`]));
    line.write(Buffer.alloc(MIB));
    await eventually(
      () => tap.sent().some((text) => text.startsWith('PATCH') && text.length >= MIB),
      (so) => so,
    );
    await whilePaused(async () => {
      line.write(large.bytes.subarray(MIB));
      await line.until(/UNAVAILABLE/);
    });
    expect(line.text()).toMatch(/^HTTP\/1\.1 503 /);
    line.socket.destroy();
    await idle('upload');
  });

  it('of a registry that stops in the middle of a pull ends, and the client sees the cut', async () => {
    const line = openLine(front.place, BUILDER);
    line.write(head(`GET /v2/pub/blobs/${large.digest} HTTP/1.1`, ['Connection: close']));
    await line.until(/\r\n\r\n/);
    line.socket.pause();
    await whilePaused(async () => {
      line.socket.resume();
      await line.closed;
    });
    expect(line.text().length).toBeLessThan(large.bytes.length);
  });

  it('of a registry that commits an upload is longer than of any other answer', async () => {
    const content = blobOf(Buffer.alloc(1000, 'a'));
    const line = openLine(front.place, BUILDER);
    line.write(
      head(`PUT ${await begin()}&digest=${content.digest} HTTP/1.1`, [
        'Content-Length: 1000',
        'Connection: close',
      ]),
    );
    line.write(content.bytes.subarray(1));
    await eventually(
      () => tap.heads().some((text) => text.startsWith('PUT ') && text.includes(content.digest.slice(7))),
      (so) => so,
    );
    await whilePaused(async () => {
      line.write(content.bytes.subarray(0, 1));
      // Longer than the registry has for any other answer, and than a client may be silent.
      await sleep(3500);
      expect(line.text()).toBe('');
    });
    await line.closed;
    expect(line.text()).toMatch(/^HTTP\/1\.1 201 /);
  });
});
