import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createInTurn } from '../../src/http/in-turn.ts';
import { openLine } from '../gate/wire.ts';

describe('requests that come without waiting for answers', () => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop();
  });

  async function start(listener: RequestListener): Promise<{ readonly host: string; readonly port: number }> {
    const server = createServer(createInTurn().wrap(listener));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    running.push({
      async stop() {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        await closed;
      },
    });
    const { port } = server.address() as AddressInfo; // a TCP listener has one
    return { host: '127.0.0.1', port };
  }

  const get = (target: string, last = false) =>
    `GET ${target} HTTP/1.1\r\nHost: x\r\n${last ? 'Connection: close\r\n' : ''}\r\n`;

  it('are served one at a time and in order, however many', async () => {
    let before: ServerResponse | undefined;
    let together = 0;
    const place = await start((request, response) => {
      if (before?.writableFinished === false) together++;
      before = response;
      setImmediate(() => response.end(`<${request.url}>`));
    });
    const targets = Array.from({ length: 3000 }, (_, at) => `/${at}`);
    const line = openLine(place);
    line.write(targets.map((target, at) => get(target, at === targets.length - 1)).join(''));
    await line.closed;
    expect([...line.text().matchAll(/<(\/\d+)>/g)].map((match) => match[1])).toEqual(targets);
    expect(together).toBe(0);
  });

  it('come with their bodies', async () => {
    const place = await start((request, response) => {
      let size = 0;
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
      });
      request.on('end', () => response.end(`<${size}>`));
    });
    const sizes = [300_000, 0, 70_000, 1, 5, 200_000, 2, 3, 4, 100_000, 6, 7, 8, 9];
    const line = openLine(place);
    for (const [at, size] of sizes.entries()) {
      const close = at === sizes.length - 1 ? 'Connection: close\r\n' : '';
      line.write(`PUT / HTTP/1.1\r\nHost: x\r\n${close}Content-Length: ${size}\r\n\r\n`);
      line.write(Buffer.alloc(size, 'x'));
    }
    await line.closed;
    expect([...line.text().matchAll(/<(\d+)>/g)].map((match) => Number(match[1]))).toEqual(sizes);
  });

  it('do not begin when their client has gone', async () => {
    const begun: string[] = [];
    let firstBegun = (): void => undefined;
    let firstEnded = (): void => undefined;
    const beginning = new Promise<void>((resolve) => {
      firstBegun = resolve;
    });
    const ending = new Promise<void>((resolve) => {
      firstEnded = resolve;
    });
    const place = await start((request, response) => {
      begun.push(String(request.url));
      response.once('close', firstEnded);
      firstBegun();
    });
    const socket = connect(place);
    socket.on('error', () => undefined);
    socket.write(get('/1') + get('/2') + get('/3'));
    await beginning;
    socket.resetAndDestroy();
    await ending;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(begun).toEqual(['/1']);
  });

  it('do not keep those on other connections waiting', async () => {
    const place = await start((request, response) => {
      if (request.url !== '/stands') response.end(`<${request.url}>`);
    });
    const stands = openLine(place);
    stands.write(get('/stands') + get('/behind').repeat(100));
    const other = openLine(place);
    other.write(get('/other', true));
    await other.closed;
    expect(other.text()).toContain('</other>');
    expect(stands.text()).toBe('');
    stands.socket.destroy();
  });
});
