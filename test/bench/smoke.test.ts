import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeNeeding } from '../support/needs.ts';
import { run } from '../support/process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bench', 'run.ts');

describeNeeding(['docker-registry', 'openssl', 'curl'], 'the benchmark', () => {
  it('measures every case, however little, and gives a table for each', async () => {
    const { status, stdout, stderr } = await run(
      process.execPath,
      [PROGRAM, '--smoke', '--peers', 'http-proxy'],
      {
        timeoutMs: 110_000,
      },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^### .*/gm)).toHaveLength(12);
    // A row of each peer in each of the ten cases that are compared; of direct where it can be measured.
    expect(stdout.match(/^\| direct \|/gm)).toHaveLength(6);
    for (const peer of ['http-proxy', 'warden']) {
      expect(stdout.match(new RegExp(`^\\| ${peer} \\|`, 'gm'))).toHaveLength(10);
    }
  }, 120_000);
});
