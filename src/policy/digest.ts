/** The fingerprint of a policy: two policies that say the same have the same one. */
import { digestOf } from '../protocol/digest.ts';
import type { Content } from './merge.ts';
import type { RuleContent } from './schema.ts';
import { SET_KINDS } from './set-name.ts';

/**
 * SHA-256 over one canonical text of all that the files say: keys sorted, lists sorted (none of them has an order that
 * means something), no comments, no file names.
 */
export function policyDigest({ hosts, networks, sets, rules }: Content): string {
  const text = canonical({
    hosts: Object.fromEntries([...hosts].map(([name, { value }]) => [name, value])),
    networks: Object.fromEntries([...networks].map(([name, { value }]) => [name, value])),
    ...setsOf(sets),
    rules: Object.fromEntries(rules.map(({ value }) => [value.id, withBlocks(value)])),
  });
  return digestOf(text);
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

/** JSON, in which keys with values are a list of pairs by key, and lists are sorted texts. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) {
    const texts = value.map((entry) => (typeof entry === 'object' ? canonical(entry) : String(entry)));
    return `[${texts
      .sort()
      .map((text) => JSON.stringify(text))
      .join(',')}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = value as Readonly<Record<string, unknown>>;
  const pairs = Object.keys(fields)
    .filter((key) => fields[key] !== undefined)
    .sort()
    .map((key) => `[${JSON.stringify(key)},${canonical(fields[key])}]`);
  return `[${pairs.join(',')}]`;
}
