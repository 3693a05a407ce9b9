import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { readAfterReset } from '../../src/upstream/read-after-reset.ts';

describe('a connection that was reset while something was written to it', () => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
  });

  /** Says `answer` to the first bytes and resets. @returns a connection that has all of it unread in its kernel's buffers. */
  async function connection(answer: string, prepare: (socket: Socket) => void): Promise<Socket> {
    let reset = (): void => undefined;
    const done = new Promise<void>((resolve) => {
      reset = resolve;
    });
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('close', reset);
      socket.once('data', () => socket.write(answer, () => socket.resetAndDestroy()));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    stops.push(async () => {
      socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    });
    prepare(socket);
    socket.pause();
    socket.write('first');
    await done;
    return socket;
  }

  /** What can still be read when more has been written, some of it corked. */
  async function readAfterWrites(socket: Socket): Promise<string> {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    socket.pause();
    await new Promise<void>((resolve) => socket.write('second', () => resolve()));
    socket.cork();
    for (let count = 0; count < 50; count++) socket.write(Buffer.alloc(10_000));
    socket.uncork();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    if (!socket.destroyed) socket.resume();
    await closed;
    return text;
  }

  it('is read to its end', async () => {
    const answer = 'answer'.repeat(1000);
    expect(await readAfterWrites(await connection(answer, readAfterReset))).toBe(answer);
  });

  it('would lose what came before, without this', async () => {
    expect(await readAfterWrites(await connection('answer', () => undefined))).toBe('');
  });

  it('ends by itself when nobody reads it', async () => {
    const socket = await connection('answer', readAfterReset);
    const failure = new Promise<NodeJS.ErrnoException>((resolve) => socket.once('error', resolve));
    socket.write('second');
    expect(['EPIPE', 'ECONNRESET']).toContain((await failure).code);
    expect(socket.destroyed).toBe(true);
  });
});
