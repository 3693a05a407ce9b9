/**
 * Writes policies/policy.schema.json, by which editors complete and check policies: `node script/policy-schema.ts`.
 *
 * A test compares the file with what this gives, so that it cannot fall behind.
 */
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { policyDocument } from '../src/policy/schema.ts';

/** What an editor can know; names, patterns and what keys say together are for `warden check`. */
export function policySchema(): string {
  const { $schema, ...schema } = z.toJSONSchema(policyDocument, { io: 'input', unrepresentable: 'any' });
  const head = {
    $schema,
    title: 'A policy of Registry Warden',
    description: 'One file of a policy. `warden check` says more than this schema can.',
  };
  return `${JSON.stringify({ ...head, ...schema }, undefined, 2)}\n`;
}

if (import.meta.main)
  writeFileSync(new URL('../policies/policy.schema.json', import.meta.url), policySchema());
