/** The fingerprint of a policy: two policies that say the same have the same one. */
import { createHash } from 'node:crypto';
import type { Content } from './merge.ts';
import type { RuleContent } from './schema.ts';
import { SET_KINDS } from './sets.ts';

/**
 * SHA-256 over one canonical text of all that the files say: keys sorted, lists sorted (none of them has an order that
 * means something), no comments, no file names.
 */
export function policyDigest({ hosts, networks, sets, rules }: Content): string {
  const canonical = sorted({
    hosts: Object.fromEntries([...hosts].map(([name, { value }]) => [name, value])),
    networks: Object.fromEntries([...networks].map(([name, { value }]) => [name, value])),
    ...setsOf(sets),
    rules: Object.fromEntries(rules.map(({ value }) => [value.id, withBlocks(value)])),
  });
  return `sha256:${createHash('sha256').update(JSON.stringify(canonical)).digest('hex')}`;
}

/** Only sets that are there, so that a policy without any keeps the digest that it had before there were sets. */
function setsOf(sets: Content['sets']): { readonly sets?: unknown } {
  const named = SET_KINDS.filter((kind) => sets[kind].size > 0).map((kind) => [
    kind,
    Object.fromEntries([...sets[kind]].map(([name, { value }]) => [name, value])),
  ]);
  return named.length === 0 ? {} : { sets: Object.fromEntries(named) };
}

/** A list of one block says what the block alone says. */
function withBlocks(rule: RuleContent): unknown {
  const { unless } = rule;
  return Array.isArray(unless) && unless.length === 1 ? { ...rule, unless: unless[0] } : rule;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value))
    return value
      .map((entry) => (typeof entry === 'object' ? JSON.stringify(sorted(entry)) : String(entry)))
      .sort();
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, inner]) => [key, sorted(inner)]);
}
