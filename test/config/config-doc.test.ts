import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { configDoc } from '../../script/config-doc.ts';

it('docs/config.md is what the schema of the settings gives', () => {
  const page = readFileSync(new URL('../../docs/config.md', import.meta.url), 'utf8');
  expect(page).toBe(configDoc());
});
