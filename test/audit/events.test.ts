import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { basicHeader } from '../gate/wire.ts';
import { describeNeeding } from '../support/needs.ts';

interface Listening {
  readonly status: number;
  readonly text: () => string;
  readonly end: () => void;
  readonly hasEnded: () => boolean;
}

describeNeeding(['docker-registry'], 'records as they happen', () => {
  let front: Front;
  beforeAll(async () => {
    front = await startFront({ users: ['alice', 'bob', 'erin'] });
  }, 60_000);
  afterAll(() => front?.stop());

  function listen(user: 'erin' | 'bob', headers: Record<string, string> = {}): Promise<Listening> {
    const { host, port } = front.place;
    const authorization = basicHeader(user, front.passwords[user]);
    return new Promise((resolve, reject) => {
      const asked = request({ host, port, path: '/api/v1/events', headers: { authorization, ...headers } });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', () => undefined);
        const text = (): string => Buffer.concat(chunks).toString('utf8');
        let ended = false;
        response.on('end', () => {
          ended = true;
        });
        const end = (): void => void asked.destroy();
        resolve({ status: response.statusCode ?? 0, text, end, hasEnded: () => ended });
      });
      asked.end();
    });
  }
  async function push(tag: string): Promise<void> {
    const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push', from: BUILDER });
    const labels = { text: 'a\n\nid: 9\ndata: forged' };
    const reply = await pushImage(front.place, 'team/app', tag, smallImage({ labels }), {
      token,
      from: BUILDER,
    });
    expect(reply.status).toBe(201);
  }
  const tagsIn = (text: string): readonly string[] =>
    [...text.matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => (JSON.parse(data ?? '') as { tag: { name: string } }).tag.name,
    );

  test('come once each, and whoever comes back gets what was missed', async () => {
    const first = await listen('erin');
    await push('1');
    await eventually(first.text, (text) => tagsIn(text).includes('1'));
    first.end();
    const last = /id: (\d+)\nevent: push\.accepted/.exec(first.text())?.[1] ?? '';
    await push('2');
    await push('3');
    const second = await listen('erin', { 'last-event-id': last });
    await eventually(second.text, (text) => tagsIn(text).length >= 2);
    second.end();
    expect(tagsIn(first.text())).toEqual(['1']);
    expect(tagsIn(second.text())).toEqual(['2', '3']);
  });

  test('are for those who may read', async () => {
    const refused = await listen('bob');
    expect(refused.status).toBe(403);
    refused.end();
  });

  test('of one reader are eight streams, and those who have gone hold no place', async () => {
    const open = await Promise.all(Array.from({ length: 8 }, () => listen('erin')));
    expect(open.map(({ status }) => status)).toEqual(open.map(() => 200));
    const ninth = await listen('erin');
    await eventually(ninth.text, (text) => text.includes('8 streams of events of yours are under way'));
    expect(ninth.status).toBe(429);
    for (const { end } of open) end();
    const again = await eventually(
      async () => {
        const one = await listen('erin');
        one.end();
        return one.status;
      },
      (status) => status === 200,
      5_000,
    );
    expect(again).toBe(200);
  });

  test('begin where they can be told to', async () => {
    const refused = await listen('erin', { 'last-event-id': 'all' });
    expect(refused.status).toBe(400);
    refused.end();
  });

  // The last: Warden is not there any more after it.
  test('hold up no stop, and are whole to their end', async () => {
    const open = await listen('erin');
    const pid = front.warden.pid();
    front.warden.signal('SIGTERM');
    await eventually(
      () => [open.hasEnded(), isAlive(pid)],
      ([ended, alive]) => ended === true && alive === false,
    );
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
