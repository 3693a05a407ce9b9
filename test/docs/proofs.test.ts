/** docs/proofs.md names tests that are there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { proseOf, ROOT } from './blocks.ts';

const rows = proseOf('docs/proofs.md')
  .split('\n')
  .filter(
    (line) => line.startsWith('| ') && !line.startsWith('| ---') && !line.startsWith('| what must hold'),
  )
  .map((line) => line.replaceAll('\\|', '\u0000').split('|').slice(1, -1))
  .map(([what = '', proofs = '']) => [what.trim(), proofs.trim().split('<br>')] as const);

it('the page has its rows', () => {
  expect(rows.length).toBeGreaterThan(50);
  expect(new Set(rows.map(([what]) => what)).size).toBe(rows.length);
});

it.each(rows)('there are the tests for: %s', (_what, proofs) => {
  for (const proof of proofs) {
    const [, file = '', title = ''] = /^`(test\/[^`]+\.ts)` › (.+)$/.exec(proof) ?? [];
    expect([proof, file === '' ? false : existsSync(join(ROOT, file))]).toEqual([proof, true]);
    // A title, or the end of one that begins with what a table gives.
    const literal = `${title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}[^\\n]*['\`]\\s*,`;
    const found = new RegExp(`\\(\\s*['\`][^'\`\\n]*${literal}`).test(readFileSync(join(ROOT, file), 'utf8'));
    expect([proof, found]).toEqual([proof, true]);
  }
});
