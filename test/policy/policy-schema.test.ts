import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { policySchema } from '../../script/policy-schema.ts';

const file = (name: string): string =>
  readFileSync(new URL(`../../policies/${name}`, import.meta.url), 'utf8');

describe('policies/policy.schema.json', () => {
  it('is what the schema of the policy gives', () => {
    expect(file('policy.schema.json')).toBe(policySchema());
  });

  const schema = z.fromJSONSchema(JSON.parse(file('policy.schema.json')));
  const rule = { id: 'r', allow: ['pull'], repositories: ['**'] };

  it.each<[string, unknown, boolean]>([
    ['the default policy', parseDocument(file('default.yaml')).toJS(), true],
    ['one exception', { rules: [{ ...rule, unless: { from: ['10.0.0.1'] } }] }, true],
    [
      'several exceptions',
      { rules: [{ ...rule, unless: [{ from: ['10.0.0.1'] }, { who: { users: ['a'] } }] }] },
      true,
    ],
    ['an unknown key', { rules: [{ ...rule, form: ['10.0.0.1'] }] }, false],
    ['an unknown action', { rules: [{ ...rule, allow: ['pul'] }] }, false],
    ['an empty list', { rules: [{ ...rule, repositories: [] }] }, false],
    ['a rule without an id', { rules: [{ allow: ['pull'], repositories: ['**'] }] }, false],
    ['an exception with an unknown key', { rules: [{ ...rule, unless: [{ form: ['10.0.0.1'] }] }] }, false],
  ])('takes or refuses %s', (_name, document, wanted) => {
    expect(schema.safeParse(document).success).toBe(wanted);
  });

  it('stands in the first line of the default policy, where editors look', () => {
    expect(file('default.yaml').split('\n')[0]).toBe('# yaml-language-server: $schema=policy.schema.json');
  });
});
