/** docs/clients.md says of each client what its tests show. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PAGE, withMatrix } from '../../script/clients-doc.ts';
import { BY_NAME, DRIVERS } from './drivers/all.ts';
import { OPERATIONS } from './drivers/driver.ts';

const page = readFileSync(PAGE, 'utf8');

/** What the test files of a tier run. */
function textOf(tier: 'default' | 'full'): string {
  return readdirSync(import.meta.dirname)
    .filter((name) => name.endsWith('.test.ts') && name.endsWith('.full.test.ts') === (tier === 'full'))
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
    .join('\n');
}

it('the matrix of docs/clients.md is what the drivers say', () => {
  expect(page).toBe(withMatrix(page));
});

it('every client has a section', () => {
  const headings = [...page.matchAll(/^### (.*)$/gm)].map(([, text = '']) => text.split(', '));
  expect(DRIVERS.map(({ name }) => name).filter((name) => !headings.flat().includes(name))).toEqual([]);
});

describe('the cells of', () => {
  it.each(Object.entries(BY_NAME))('%s are run against both registries', (name, driver) => {
    expect(textOf(driver.tier)).toContain(`describeMatrix(${name}, 2)`);
    // Those of the default tier are run with the other registry by one file.
    if (driver.tier === 'full') expect(textOf('full')).toContain(`describeMatrix(${name}, 3)`);
    else expect(textOf('full')).toContain("DRIVERS.filter(({ tier }) => tier === 'default')");
  });
});

it('what a client has no cell for has a reason that is a sentence, and none is without a refusal', () => {
  for (const { without } of DRIVERS) {
    for (const [operation, reason] of Object.entries(without)) {
      expect(OPERATIONS).toContain(operation);
      expect(reason.length).toBeGreaterThan(20);
    }
    expect(without).not.toHaveProperty('refusal');
    expect(without).not.toHaveProperty('push');
  }
});
