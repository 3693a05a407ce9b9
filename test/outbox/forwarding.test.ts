import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, smallImage } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { freePort } from '../support/ports.ts';
import { startRsyslog } from '../support/rsyslog.ts';
import { makeTemp } from '../support/temp.ts';

describeNeeding(['docker-registry', 'rsyslogd'], 'forwarding', () => {
  test('every record arrives everywhere, in order, though Warden and the others are killed in between', async () => {
    const temp = makeTemp('forwarding');
    const syslog = await startRsyslog();
    const events: { readonly logindex: number; readonly type: string }[] = [];
    const hook = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        events.push(JSON.parse(Buffer.concat(chunks).toString('utf8')) as (typeof events)[number]);
        response.writeHead(204).end();
      });
    });
    const hookPort = await freePort();
    const front = await startFront({
      settings: {
        forward: [
          { name: 'lines', from: 'start', file: { path: temp.at('records.jsonl') } },
          { name: 'siem', from: 'start', syslog: { host: '127.0.0.1', port: syslog.port } },
          {
            name: 'deploy',
            from: 'start',
            types: ['push.accepted'],
            webhook: { url: `http://127.0.0.1:${hookPort}/` },
          },
        ],
      },
    });
    try {
      await push(front, '1');
      // The webhook is not there yet, so its cursor must hold it back, and nothing else.
      await eventually(
        () => indexesIn(temp.at('records.jsonl')).length,
        (count) => count >= 3,
      );
      await syslog.kill();
      await push(front, '2');
      await front.warden.kill();
      await syslog.restart();
      await front.warden.restart();
      hook.listen(hookPort, '127.0.0.1');
      await push(front, '3');
      const size = await eventually(
        () => indexesIn(temp.at('records.jsonl')),
        (indexes) =>
          indexes.filter((index) => index >= 4).length > 0 && pushesIn(temp.at('records.jsonl')).length === 3,
      );
      expect(size).toEqual(size.map((_, index) => index));
      await eventually(
        () => events.length,
        (count) => count >= 3,
      );
      expect(events.map(({ type }) => type)).toEqual(events.map(() => 'registry-warden.push.accepted'));
      expect(unique(events.map(({ logindex }) => logindex))).toEqual(pushesIn(temp.at('records.jsonl')));
      // The numbers that syslog got: all from 1 on, some perhaps twice.
      const numbers = await eventually(
        () => unique(syslog.lines().map(({ data }) => Number(/sequenceId="(\d+)"/.exec(data)?.[1]))),
        (seen) => seen.length >= size.length,
      );
      expect(numbers.slice(0, size.length)).toEqual(size.map((index) => index + 1));
      const metrics = await eventually(
        async () => (await front.operations('/metrics')).text,
        (text) => /warden_forward_behind_records\{destination="deploy"\} 0/.test(text),
      );
      expect(metrics).toMatch(/warden_forward_failing\{destination="deploy"\} 0/);
      expect(front.warden.log()).toContain('records cannot be forwarded; they wait in the log');
    } finally {
      await front.stop();
      await syslog.stop();
      hook.closeAllConnections();
      hook.close();
      await temp.stop();
    }
  });
});

async function push(front: Front, tag: string): Promise<void> {
  const token = await front.token({ user: 'alice', scope: 'repository:team/app:pull,push', from: BUILDER });
  const reply = await pushImage(front.place, 'team/app', tag, smallImage(), { token, from: BUILDER });
  expect(reply.status).toBe(201);
}

function indexesIn(file: string): readonly number[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { index: number }).index);
  } catch {
    return [];
  }
}

function pushesIn(file: string): readonly number[] {
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  const records = lines.map((line) => JSON.parse(line) as { readonly index: number; readonly type: string });
  return records.filter(({ type }) => type === 'push.accepted').map(({ index }) => index);
}

function unique(numbers: readonly number[]): readonly number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}
