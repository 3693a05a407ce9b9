/** The fingerprint of a policy: two policies that say the same have the same one. */
import { createHash } from 'node:crypto';
import type { Content } from './merge.ts';

/**
 * SHA-256 over one canonical text of all that the files say: keys sorted, lists sorted (none of them has an order that
 * means something), no comments, no file names.
 */
export function policyDigest({ hosts, networks, rules }: Content): string {
  const canonical = sorted({
    hosts: Object.fromEntries([...hosts].map(([name, { value }]) => [name, value])),
    networks: Object.fromEntries([...networks].map(([name, { value }]) => [name, value])),
    rules: Object.fromEntries(rules.map(({ value }) => [value.id, value])),
  });
  return `sha256:${createHash('sha256').update(JSON.stringify(canonical)).digest('hex')}`;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(String).sort();
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]);
}
