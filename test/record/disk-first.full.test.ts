import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import { BUILDER, type Front, startFront } from '../gate/front.ts';
import { pushImage, putBlob, putManifest, smallImage, type With } from '../gate/images.ts';
import { describeNeeding } from '../support/needs.ts';
import { startChild } from '../support/process.ts';
import { makeTemp, type Temp } from '../support/temp.ts';

/** What the kernel was asked for, in the order in which it was done. */
const CALLS = 'trace=read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,fdatasync,fsync';

describeNeeding(['docker-registry', 'strace', 'root'], 'the disk', () => {
  let temp: Temp;
  let front: Front;
  let alice: With;

  beforeAll(async () => {
    temp = makeTemp('strace');
    front = await startFront({ users: ['alice'] });
    alice = { token: await front.token({ user: 'alice', scope: 'repository:pub:pull,push' }), from: BUILDER };
    // The code has run once, and the log is open.
    expect((await pushImage(front.place, 'pub', 'first', smallImage(), alice)).status).toBe(201);
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    await temp?.stop();
  });

  it('has the intent before the registry hears of a manifest, and the record before the client hears 201', async () => {
    const image = smallImage();
    for (const blob of [image.layer, image.config]) await putBlob(front.place, 'pub', blob, alice);
    const file = temp.at('calls');
    const strace = await startChild(
      'strace',
      ['-f', '-s', '200', '-e', CALLS, '-o', file, '-p', String(front.warden.pid())],
      {},
    );
    await eventually(
      () => strace.output(),
      (output) => output.includes('attached'),
    );
    // What the second before had to write is written.
    await sleep(1_500);
    const reply = await putManifest(front.place, 'pub', 'traced', image, alice);
    expect(reply.status).toBe(201);
    await strace.stop();

    const lines = readFileSync(file, 'utf8').split('\n');
    const first = (what: RegExp, after = -1): number => {
      const found = lines.findIndex((line, at) => at > after && what.test(line));
      if (found < 0) throw new Error(`${what} is not after line ${after} of\n${lines.slice(-80).join('\n')}`);
      return found;
    };
    const asked = first(/(?:read|recv)[a-z]*(?:\(| resumed).*"PUT \/v2\/pub\/manifests\/traced/);
    const sent = first(/(?:write|send)[a-z]*(?:\(| resumed).*"PUT \/v2\/pub\/manifests\/traced/, asked);
    const stored = first(/(?:read|recv)[a-z]*(?:\(| resumed).*"HTTP\/1\.1 201/, sent);
    const told = first(/(?:write|send)[a-z]*(?:\(| resumed).*"HTTP\/1\.1 201/, stored);
    const synchronised = (from: number, to: number): number =>
      lines.slice(from, to).filter((line) => /f(?:data)?sync(?:\(\d+\)| resumed>.*\)) += 0/.test(line))
        .length;
    expect(synchronised(asked, sent)).toBeGreaterThanOrEqual(1);
    expect(synchronised(stored, told)).toBeGreaterThanOrEqual(1);
  }, 60_000);
});
