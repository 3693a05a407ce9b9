import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { requireSuccess, run } from '../support/process.ts';

it('measures the command that verifies a log, on a small one that is good', async () => {
  const program = join(import.meta.dirname, '..', '..', 'bench', 'verify.ts');
  const { stdout } = requireSuccess(
    await run(process.execPath, [program, '--smoke'], { timeoutMs: 120_000 }),
  );
  expect(stdout).toMatch(/^### A log of 1500 records verified\n/);
  expect(stdout.match(/^\| (?:where it lies|an export).*MB \|$/gm)).toHaveLength(3);
}, 150_000);
