import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { requireSuccess, run } from '../support/process.ts';

it('measures the signed tree of a small log, whose every proof holds', async () => {
  const program = join(import.meta.dirname, '..', '..', 'bench', 'tree.ts');
  const { stdout } = requireSuccess(
    await run(process.execPath, [program, '--smoke'], { timeoutMs: 120_000 }),
  );
  expect(stdout).toMatch(/^### The signed tree, 1500 records\n/);
  expect(stdout.match(/^\| /gm)).toHaveLength(6);
}, 150_000);
