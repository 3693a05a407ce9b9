/** A registry's host to which no connection can be made, although nothing refuses it. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createRegistry } from '../../src/upstream/registry.ts';
import { freePort } from '../support/ports.ts';
import { startChild } from '../support/process.ts';
import { startFront, WAYS } from './front.ts';
import { startScriptedRegistry } from './scripted-registry.ts';

const BLOB = `/v2/app/blobs/sha256:${'0'.repeat(64)}`;
/** Milliseconds, far below those of an answer. */
const CONNECT_MS = 300;
const ANSWER_MS = 25_000;

describe('a connection to the registry that is never made', () => {
  const running: { stop(): unknown }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0).toReversed()) await one.stop();
  });

  /** A listener that never takes what its system has queued for it; when the queue is full, packets are dropped. */
  async function startDeaf(): Promise<URL> {
    const port = await freePort();
    const script = `
      const server = require('node:net').createServer();
      server.listen({ port: ${port}, host: '127.0.0.1', backlog: 1 }, () => {
        console.log('listening');
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`;
    const child = await startChild(process.execPath, ['-e', script]);
    running.push({ stop: () => child.stop() });
    await child.waitForPort(port, '127.0.0.1');
    const queued: Socket[] = [];
    running.push({ stop: () => queued.map((socket) => socket.destroy()) });
    for (let full = false; !full; ) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      queued.push(socket);
      full = !(await Promise.race([
        new Promise<boolean>((resolve) => socket.once('connect', () => resolve(true))),
        new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 400)),
      ]));
      if (queued.length > 20) throw new Error('the queue does not fill');
    }
    return new URL(`http://127.0.0.1:${port}`);
  }

  it.each(WAYS)('is given up long before an answer would be, by %s', async (way) => {
    const url = await startDeaf();
    const front = await startFront({ url, way, connectTimeoutMs: CONNECT_MS, responseTimeoutMs: ANSWER_MS });
    running.push(front);
    expect(await front.ask({ path: BLOB })).toMatchObject({ status: 503, whole: true });
    expect(front.outcomes).toMatchObject([
      { name: 'REGISTRY_UNAVAILABLE', cause: { message: 'no connection to the registry in time' } },
    ]);
  });

  it.each(WAYS)('is not what one is taken for that was kept for the next request, by %s', async (way) => {
    const registry = await startScriptedRegistry(({ socket }) => {
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), CONNECT_MS * 2);
    });
    const front = await startFront({ url: registry.url, way, connectTimeoutMs: CONNECT_MS, connections: 1 });
    running.push(registry, front);
    const replies = await Promise.all([1, 2, 3].map(() => front.ask({ path: BLOB })));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(registry.opened()).toBe(1);
  });

  it('is given up for a look-up, and where the TLS handshake is not answered', async () => {
    const silent: Server = createServer((socket) => void socket.on('error', () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    running.push({ stop: () => silent.close() });
    const { port } = silent.address() as AddressInfo; // a TCP listener has one
    for (const url of [await startDeaf(), new URL(`https://127.0.0.1:${port}`)]) {
      const registry = createRegistry({
        url,
        sign: () => 'unsigned',
        responseTimeoutMs: ANSWER_MS,
        connectTimeoutMs: CONNECT_MS,
      });
      const answer = await registry.ping();
      registry.close();
      expect(answer).toEqual({
        ok: false,
        why: `GET ${url.origin}/v2/: no connection to the registry in time`,
      });
    }
  });
});
