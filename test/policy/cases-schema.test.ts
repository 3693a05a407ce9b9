import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { casesSchema } from '../../script/policy-schema.ts';

const file = (name: string): string =>
  readFileSync(new URL(`../../policies/tests/${name}`, import.meta.url), 'utf8');

describe('policies/tests/cases.schema.json', () => {
  it('is what the source gives: node script/policy-schema.ts', () => {
    expect(file('cases.schema.json')).toBe(casesSchema());
  });

  it('takes the shipped cases, which name it, and no key that there is not', () => {
    const schema = z.fromJSONSchema(JSON.parse(file('cases.schema.json')));
    const cases = parse(file('default.yaml')) as { cases: object[] };
    expect(schema.safeParse(cases).success).toBe(true);
    expect(schema.safeParse({ ...cases, cases: [{ ...cases.cases[0], expct: 'granted' }] }).success).toBe(
      false,
    );
    expect(file('default.yaml').split('\n')[0]).toBe('# yaml-language-server: $schema=cases.schema.json');
  });
});
