/** The vectors of docs/provenance-format.md are what the code makes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { formatVectors } from '../verify/format-vectors.ts';
import { ROOT } from './blocks.ts';

const page = readFileSync(join(ROOT, 'docs', 'provenance-format.md'), 'utf8');

it.each(formatVectors())('the page has: %s', (title, text) => {
  const [, block] = page.split(`\n${title}:\n\n\`\`\`text\n`);
  expect(block?.split('\n```')[0]).toBe(text);
});

it('contrib/verify/vectors.json has the same, for programs', () => {
  const file = readFileSync(join(ROOT, 'contrib', 'verify', 'vectors.json'), 'utf8');
  expect(JSON.parse(file)).toEqual(Object.fromEntries(formatVectors()));
});
