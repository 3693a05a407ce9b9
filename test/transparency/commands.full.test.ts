import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatVkey, type VerifierKey } from '../../src/tlog/vkey.ts';
import { type Front, startFront } from '../gate/front.ts';
import { leavesOf, recordsOf } from '../provenance/a-log.ts';
import { describeNeeding } from '../support/needs.ts';
import { ORIGIN, startSignedFront } from './signed-front.ts';

describeNeeding(['docker-registry'], 'the signed log by command', () => {
  let front: Front;
  let key: VerifierKey;

  beforeAll(async () => {
    ({ front, key } = await startSignedFront());
  }, 90_000);
  afterAll(() => front?.stop());

  it('is verified by command: of the files, of the server, against what was kept, and proof by proof', async () => {
    const { warden, passwords } = front;
    const at = (name: string): string => join(warden.folder, name);
    const vkey = formatVkey(key);
    const server = ['--url', warden.url, '--user-name', 'erin', '--password-stdin'];
    const input = { input: passwords.erin };

    const kept = await warden.cli(['log', 'checkpoint']);
    writeFileSync(at('kept.txt'), kept.stdout);
    const files = await warden.cli(['log', 'verify', '--against', at('kept.txt')]);
    expect(files).toMatchObject({ status: 0, stderr: '' });
    expect(files.stdout).toMatch(
      /^good: \d+ records of registry\.test\/push-log, root .*; compared: 1 tile, 1 older checkpoint\n$/,
    );
    const remote = await warden.cli(['log', 'verify', ...server, '--key', vkey, '--json'], input);
    expect({ status: remote.status, ok: JSON.parse(remote.stdout).ok }).toEqual({ status: 0, ok: true });
    const part = await warden.cli(
      ['log', 'verify', '--url', warden.url, '--user-name', 'carol', '--password-stdin', '--key', vkey],
      { input: passwords.carol },
    );
    expect(part).toMatchObject({ status: 3, stderr: expect.stringContaining('bundles hold the records') });

    const leaves = leavesOf(at('data'));
    const index = recordsOf(at('data')).findIndex((record) => record.type === 'push.accepted');
    const { id } = recordsOf(at('data'))[index] as { id: string };
    writeFileSync(at('record.json'), leaves[index] as Uint8Array);
    for (const asked of [
      ['--index', String(index)],
      ['--id', id],
      ['--id', id, ...server],
    ]) {
      const proof = await warden.cli(['log', 'proof', ...asked], input);
      writeFileSync(at('record.tlog-proof'), proof.stdout);
      const check = ['log', 'check-proof', at('record.tlog-proof'), '--entry'];
      const good = await warden.cli([...check, at('record.json'), '--key', vkey]);
      expect(good).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^good: record \d+ of registry/),
      });
      expect((await warden.cli([...check, at('warden.yaml')])).status).toBe(1);
    }

    expect(await warden.cli(['log', 'open-origin', ORIGIN])).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('a name is used once'),
    });
    expect(await warden.cli(['log', 'adopt', at('kept.txt')])).toMatchObject({ status: 3 });
    expect(await warden.cli(['log', 'proof'])).toMatchObject({ status: 2 });
    expect(await warden.cli(['log', 'proof', '--index', '99999'])).toMatchObject({ status: 3 });
  }, 180_000);
});

describe('the signed log where none is set up', () => {
  it('is nothing, and the record is as before', async () => {
    const front = await startFront({ users: ['erin'] });
    try {
      const basic = { user: 'erin', password: front.passwords.erin };
      const reply = await front.ask({ path: '/api/v1/log/checkpoint', basic });
      expect(reply).toMatchObject({
        status: 404,
        error: { message: 'no tree of the record is signed here' },
      });
    } finally {
      await front.stop();
    }
  });
});
