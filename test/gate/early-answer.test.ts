import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { startUpload, type With } from './images.ts';

const ROUNDS = 6;

/**
 * The registry does not read the body of such an upload: it answers and closes at once, and what still comes makes its
 * system reset the connection. Whoever writes must read what came before that.
 */
describeNeeding(['docker-registry'], 'an upload that the registry refuses before it has come whole', () => {
  let front: Front;
  let alice: With;
  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
  }, 60_000);
  afterAll(() => front?.stop());

  it.each([
    ['100 kB', 100_000],
    ['5 MB', 5_000_000],
    ['30 MB', 30_000_000],
  ])('is answered with the registry’s reason each time, with %s on their way', async (_what, size) => {
    const start = await startUpload(front.place, 'pub', alice);
    const stale = String(start.headers['location']).replace(/_state=[^&]*/, '_state=AAAA');
    const heads: string[] = [];
    for (let round = 0; round < ROUNDS; round++) heads.push(await patch(stale, size));
    expect(heads).toEqual(Array(ROUNDS).fill('HTTP/1.1 404 BLOB_UPLOAD_INVALID'));
  });

  /** Sends all of it, whatever is answered meanwhile, as simple clients do. @returns what came back until the end. */
  function patch(target: string, size: number): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect({ ...front.place, localAddress: BUILDER });
      const body = Buffer.alloc(65_536);
      let left = size;
      let text = '';
      let failure = '';
      const write = (): void => {
        while (left > 0 && !socket.destroyed) {
          const part = body.subarray(0, Math.min(left, body.length));
          left -= part.length;
          if (!socket.write(part)) {
            socket.once('drain', write);
            return;
          }
        }
      };
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', ({ code }: NodeJS.ErrnoException) => {
        failure = ` ${code}`;
      });
      socket.on('close', () => {
        const [first] = /^HTTP\/1\.1 \d+/.exec(text) ?? ['nothing'];
        const [, code] = /"code":"(\w+)"/.exec(text) ?? [];
        resolve(`${first} ${code}${failure}`);
      });
      socket.write(
        `PATCH ${target} HTTP/1.1\r\nHost: ${front.service}\r\nAuthorization: Bearer ${alice.token}\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`,
      );
      write();
    });
  }
});
