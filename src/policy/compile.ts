/**
 * Makes one policy of the files of a policy.
 *
 * What the schema cannot see is found here: names that are defined twice, not at all, or in a circle. Every such problem
 * is named with its place, all at once; a policy with a problem is no policy.
 */
import { compileRule } from './compile-rule.ts';
import { policyDigest } from './digest.ts';
import { createHostOf } from './host-of.ts';
import { lint } from './lint.ts';
import { type Content, mergeSources, type PolicySource } from './merge.ts';
import { createFindNearest } from './nearest-rule.ts';
import { createNetworks } from './networks.ts';
import { placeSet } from './place-set.ts';
import type { Host, Policy } from './policy.ts';
import type { Problem } from './problem.ts';
import { indexRules } from './rule-index.ts';
import { createSets } from './sets.ts';
import { createTimes } from './times.ts';

export type { PolicySource } from './merge.ts';

export type Compiled =
  | {
      readonly ok: true;
      readonly policy: Policy;
      /** Things that are allowed, and that a person probably did not mean. */
      readonly warnings: readonly Problem[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Compiles checked documents into a policy. Pure; the result is immutable. */
export function compilePolicy(sources: readonly PolicySource[]): Compiled {
  const assembled = assemblePolicy(sources);
  if (!assembled.ok) return assembled;
  const { policy, content } = assembled;
  return { ok: true, policy, warnings: lint(content, policy.rules) };
}

/** The same without a look for what nobody meant. */
export function assemblePolicy(
  sources: readonly PolicySource[],
):
  | { readonly ok: true; readonly policy: Policy; readonly content: Content }
  | { readonly ok: false; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const content = mergeSources(sources, problems);
  const hostOf = createHostOf(content, problems);
  const networks = createNetworks(content, problems);
  const names = { networks, sets: createSets(content, problems), times: createTimes(content, problems) };
  const compiled = content.rules.map((stated) => compileRule(stated, names));
  if (content.rules.length === 0 && problems.length === 0) {
    const file = sources[0]?.file ?? '(no file)';
    problems.push({
      file,
      line: 1,
      column: 1,
      message: 'no file of the policy has rules, so everything would be refused',
    });
  }
  if (problems.length > 0) return { ok: false, problems };
  const hosts = new Map<string, Host>();
  for (const [name, { value }] of content.hosts) {
    hosts.set(name, { addresses: value.addresses, certificate: value.certificate, since: value.since });
  }
  const rules = compiled.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const policy: Policy = Object.freeze({
    rules,
    index: indexRules(rules),
    findNearest: createFindNearest(rules),
    hosts,
    places: new Map([...networks.names()].map((name) => [name, placeSet(networks.placesOf(name))])),
    hostOf,
    digest: policyDigest(content),
  });
  return { ok: true, policy, content };
}
