import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { BUILDER, type Front, startFront } from './front.ts';
import { pushImage, type SmallImage, smallImage, type With } from './images.ts';

/** As long as containerd and crane keep a connection that they may need again. */
const PAUSE_MS = 31_000;
const CONNECTIONS = 8;

describeNeeding(['docker-registry'], 'connections that a client keeps', () => {
  let front: Front;
  let alice: With;
  let image: SmallImage;

  beforeAll(async () => {
    front = await startFront({ users: ['alice'] });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    image = smallImage();
    expect((await pushImage(front.place, 'pub', 'l', image, alice)).status).toBe(201);
  }, 60_000);
  afterAll(() => front?.stop());

  it('are good for the next request after half a minute, for reading and for writing', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS, localAddress: BUILDER });
    let reused = 0;
    const send = (method: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const request = httpRequest(
          { ...front.place, agent, method, path, headers: { authorization: `Bearer ${alice.token}` } },
          (response) => void response.resume().on('end', () => resolve(response.statusCode)),
        );
        request.on('error', reject);
        request.once('response', () => {
          if (request.reusedSocket) reused++;
        });
        request.end();
      });
    const all = () =>
      Promise.all(
        Array.from({ length: CONNECTIONS }, (_, at) =>
          at % 2 === 0
            ? send('GET', `/v2/pub/blobs/${image.layer.digest}`)
            : send('POST', '/v2/pub/blobs/uploads/'),
        ),
      );
    const expected = Array.from({ length: CONNECTIONS }, (_, at) => (at % 2 === 0 ? 200 : 202));
    expect(await all()).toEqual(expected);
    await sleep(PAUSE_MS);
    expect(await all()).toEqual(expected);
    agent.destroy();
    expect(reused).toBe(CONNECTIONS);
  }, 90_000);
});
