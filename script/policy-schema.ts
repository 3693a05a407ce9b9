/**
 * Writes policies/policy.schema.json and policies/tests/cases.schema.json, by which editors complete and check policies
 * and their cases: `node script/policy-schema.ts`.
 *
 * A test compares the files with what this gives, so that they cannot fall behind.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { casesDocument } from '../src/cases/schema.ts';
import { policyDocument } from '../src/policy/schema.ts';

/** What an editor can know; names, patterns and what keys say together are for `warden check`. */
export function policySchema(): string {
  return schemaText(policyDocument, {
    title: 'A policy of Registry Warden',
    description: 'One file of a policy. `warden check` says more than this schema can.',
  });
}

/** The same for `warden policy test`. */
export function casesSchema(): string {
  return schemaText(casesDocument, {
    title: 'Cases for a policy of Registry Warden',
    description:
      'Questions with the answers that are expected. `warden policy test` says more than this schema can.',
  });
}

function schemaText(
  document: z.ZodType,
  about: { readonly title: string; readonly description: string },
): string {
  const { $schema, ...schema } = z.toJSONSchema(document, { io: 'input', unrepresentable: 'any' });
  return `${JSON.stringify({ $schema, ...about, ...schema }, undefined, 2)}\n`;
}

if (import.meta.main) {
  writeFileSync(new URL('../policies/policy.schema.json', import.meta.url), policySchema());
  writeFileSync(new URL('../policies/tests/cases.schema.json', import.meta.url), casesSchema());
}
