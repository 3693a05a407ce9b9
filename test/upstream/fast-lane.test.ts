/** What is the fast lane's own: when it is used, when it is not, and that its buffers are never shared by two. */
import { createHash, randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createRegistry } from '../../src/upstream/registry.ts';
import { startFront } from './front.ts';
import { startScriptedRegistry, type Turn } from './scripted-registry.ts';

const DIGEST = `sha256:${'0'.repeat(64)}`;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** node:http writes its headers in its own order: only the lane begins with the host. */
const BY_LANE = /^[A-Z]+ \S+ HTTP\/1\.1\r\nhost: /;

const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

async function start(answer: (turn: Turn) => void, host?: string) {
  const registry = await startScriptedRegistry(answer);
  const url = new URL(registry.url);
  if (host !== undefined) url.hostname = host;
  const front = await startFront({ url, way: 'the fast lane' });
  running.push(front, registry);
  return { registry, front };
}

describe('the fast lane', () => {
  it.each([
    ['GET', `/v2/a/blobs/${DIGEST}`],
    ['HEAD', `/v2/a/blobs/${DIGEST}`],
    ['GET', '/v2/a/manifests/latest'],
    ['HEAD', `/v2/a/manifests/${DIGEST}`],
  ])('takes %s %s', async (method, path) => {
    const { registry, front } = await start(({ socket }) => socket.write(OK));
    expect(await front.ask({ method, path })).toMatchObject({ status: 200, whole: true });
    expect(registry.heads).toEqual([expect.stringMatching(BY_LANE)]);
  });

  it.each([
    ['GET', '/v2/a/tags/list'],
    ['GET', '/v2/a/blobs/uploads/some-id?_state=x'],
    ['DELETE', '/v2/a/manifests/latest'],
  ])('leaves %s %s to node:http', async (method, path) => {
    const { registry, front } = await start(({ socket }) => socket.write(OK));
    expect(await front.ask({ method, path })).toMatchObject({ status: 200, whole: true });
    expect(registry.heads).toEqual([expect.not.stringMatching(BY_LANE)]);
  });

  it('asks once more, by node:http, for an answer that is not plainly framed', async () => {
    const { registry, front } = await start(({ socket }) =>
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'),
    );
    const reply = await front.ask({ path: `/v2/a/blobs/${DIGEST}` });
    expect(reply.bytes.toString()).toBe('ok');
    expect(registry.heads).toEqual([expect.stringMatching(BY_LANE), expect.not.stringMatching(BY_LANE)]);
  });

  it('is not there for a registry that speaks TLS', () => {
    const registry = createRegistry({
      url: new URL('https://127.0.0.1:1'),
      sign: () => '',
      responseTimeoutMs: 1000,
    });
    expect(registry.lane).toBeUndefined();
    registry.close();
  });

  it('finds a registry by name, at whichever address it listens', async () => {
    const { front } = await start(({ socket }) => socket.write(OK), 'localhost');
    expect(await front.ask({ path: `/v2/a/blobs/${DIGEST}` })).toMatchObject({ status: 200 });
  });

  it('repeats a request at most once', async () => {
    const { registry, front } = await start(({ socket, nth }) => {
      if (nth === 1) socket.write(OK);
      else socket.destroy();
    });
    await front.ask({ path: `/v2/a/blobs/${DIGEST}` });
    expect(await front.ask({ path: `/v2/a/blobs/${DIGEST}` })).toMatchObject({ status: 503 });
    expect(registry.heads).toHaveLength(3);
  });

  it('does not repeat a request that was answered in part', async () => {
    const { registry, front } = await start(({ socket, nth }) => {
      if (nth === 1) socket.write(OK);
      else socket.end('HTTP/1.1 200 OK\r\nConte');
    });
    await front.ask({ path: `/v2/a/blobs/${DIGEST}` });
    expect(await front.ask({ path: `/v2/a/blobs/${DIGEST}` })).toMatchObject({ status: 503 });
    expect(registry.heads).toHaveLength(2);
  });

  it('closes the connections that wait when it is closed', async () => {
    const { registry, front } = await start(({ socket }) => socket.write(OK));
    await Promise.all(Array.from({ length: 5 }, () => front.ask({ path: `/v2/a/blobs/${DIGEST}` })));
    expect(registry.connections()).toBeGreaterThan(0);
    front.registry.close();
    for (let tries = 0; registry.connections() > 0 && tries < 500; tries++) await pause(5);
    expect(registry.connections()).toBe(0);
  });

  it('gives each client its own bytes while some stall and hurry on in turn', async () => {
    const bodies = new Map(
      Array.from({ length: 4 }, () => {
        const bytes = randomBytes(12 * 1024 * 1024);
        return [`/v2/a/blobs/sha256:${sha256(bytes)}`, bytes] as [string, Buffer];
      }),
    );
    const { front } = await start(({ socket, target }) => {
      const body = bodies.get(target) as Buffer; // asked for below
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const paths = [...bodies.keys()];
    const pulls = Array.from({ length: 24 }, async (_, at) => {
      const path = paths[at % paths.length] as string;
      const stalls = at % 3 === 0;
      return [path.slice(-64), sha256(await pull(front.port, path, stalls))];
    });
    for (const [asked, got] of await Promise.all(pulls)) expect(got).toBe(asked);
  });
});

/** `stalls`: waits for longer than the lane takes for a slow client, again and again, and reads at full speed between. */
async function pull(port: number, path: string, stalls: boolean): Promise<Buffer> {
  const client = connect(port, '127.0.0.1');
  client.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  const chunks: Buffer[] = [];
  let size = 0;
  let next = 200_000;
  for await (const chunk of client) {
    chunks.push(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (stalls && size > next) {
      next += 1_500_000;
      await pause(120);
    }
  }
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf('\r\n\r\n') + 4);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
