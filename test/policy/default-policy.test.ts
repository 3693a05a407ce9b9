/** The policy that is shipped says what the product is for, and its cases show all of it. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { loadCases } from '../../src/cases/load-cases.ts';
import { readCases } from '../../src/cases/read-cases.ts';
import { runCases } from '../../src/cases/run-cases.ts';
import { loadPolicy } from '../../src/config/policy-files.ts';
import { describeProblem } from '../../src/config/yaml.ts';

const folder = fileURLToPath(new URL('../../policies', import.meta.url));
const loaded = await loadPolicy(folder);
const texts = await loadCases([`${folder}/tests`]);
if (!loaded.ok || !texts.ok) throw new Error('the shipped policy or its cases cannot be read');
const { policy, warnings } = loaded;
const read = readCases(texts.texts, policy);
if (!read.ok) throw new Error(read.problems.map(describeProblem).join('\n'));
const { results, coverage } = runCases(policy, read.cases);

describe('the shipped policy', () => {
  it('loads without a warning', () => {
    expect(warnings).toEqual([]);
  });

  it('has cases enough', () => {
    expect(results.length).toBeGreaterThan(80);
  });

  it.each(results)('answers as its cases expect: $case.name', ({ failures }) => {
    expect(failures).toEqual([]);
  });

  it('has no rule that decides none of its cases', () => {
    expect([...coverage].filter(([, decided]) => decided === 0)).toEqual([]);
  });
});
