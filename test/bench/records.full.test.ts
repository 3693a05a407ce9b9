import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { createWorld } from '../../bench/record-leaves.ts';
import { questionsAsked } from '../../bench/record-questions.ts';
import { requireSuccess, run } from '../support/process.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bench', 'records.ts');

it('the record is measured, with each question of auditors, however little', async () => {
  const result = await run(process.execPath, [PROGRAM, '--smoke', '--rounds', '2'], { timeoutMs: 120_000 });
  const { stdout } = requireSuccess(result);
  for (const { called } of questionsAsked(createWorld(1), 1)) expect(stdout).toContain(`| ${called} |`);
  expect(stdout).toMatch(/Bytes a record: [\d.]+ of the log, [\d.]+ of the index/);
}, 120_000);
