/**
 * Makes one policy of the files of a policy.
 *
 * What the schema cannot see is found here: names that are defined twice, not at all, or in a circle. Every such problem
 * is named with its place, all at once; a policy with a problem is no policy.
 */
import { WardenError } from '../errors.ts';
import { canonicalAddress, createAddressTest, type Range } from './address.ts';
import { policyDigest } from './digest.ts';
import type { Action } from './facts.ts';
import { type Parsed, parseRepositoryGlob, parseTagGlob } from './glob.ts';
import { lint } from './lint.ts';
import {
  boundTo,
  type Matcher,
  matchActions,
  matchBind,
  matchFrom,
  matchRepositories,
  matchTags,
  matchUnless,
  matchWho,
  type Seen,
  speaksOf,
} from './matchers.ts';
import { type Content, mergeSources, type PolicySource, type Stated } from './merge.ts';
import { createResolver, type Resolver } from './networks.ts';
import type { Host, Policy, Rule } from './policy.ts';
import { type Problem, pathText } from './problem.ts';
import { oneLine, type RuleAction, type RuleContent } from './schema.ts';

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
  const problems: Problem[] = [];
  const content = mergeSources(sources, problems);
  const owners = ownersOfAddresses(content, problems);
  const resolver = createResolver(content, problems);
  const rules = content.rules.map((stated) => compileRule(stated, resolver));
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
  const policy: Policy = Object.freeze({
    rules: rules.map(({ rule }) => rule).sort((a, b) => (a.id < b.id ? -1 : 1)),
    hosts,
    places: new Map([...resolver.names()].map((name) => [name, createAddressTest(resolver.rangesOf(name))])),
    hostOf: (address: string) => owners.get(address),
    digest: policyDigest(content),
  });
  return {
    ok: true,
    policy,
    warnings: lint(content, new Map(rules.map(({ rule, ranges }) => [rule.id, ranges]))),
  };
}

/** Which host has which address. An address of two hosts would make the record ambiguous. */
function ownersOfAddresses(content: Content, problems: Problem[]): ReadonlyMap<string, string> {
  const owners = new Map<string, string>();
  for (const [name, stated] of content.hosts) {
    for (const [index, text] of stated.value.addresses.entries()) {
      const address = canonicalAddress(text) ?? text;
      const owner = owners.get(address);
      if (owner !== undefined) {
        const whose = owner === name ? 'stands twice' : `belongs to the host ${owner} already`;
        problems.push(stated.problem(['addresses', index], `${pathText(stated.path)}: ${address} ${whose}`));
      }
      owners.set(address, name);
    }
  }
  return owners;
}

interface CompiledRule {
  readonly rule: Rule;
  /** Where the rule holds; undefined: anywhere. */
  readonly ranges: readonly Range[] | undefined;
}

function compileRule(stated: Stated<RuleContent>, resolver: Resolver): CompiledRule {
  const { value } = stated;
  const effect = value.allow === undefined ? 'deny' : 'allow';
  const actions = concrete(value.allow ?? value.deny ?? []);
  const globs = value.repositories.map((text) => requireGlob(parseRepositoryGlob(text)));
  const matchers: Matcher[] = [matchActions(actions), matchRepositories(globs)];
  const concerns = (seen: Seen) => speaksOf(actions, globs, seen);
  const bind = value.bind === undefined ? (matcher: Matcher) => matcher : boundTo;
  const ranges = value.from && resolver.rangesOfList(value.from, stated, ['from']);
  if (value.tags) matchers.push(tagMatcher(value.tags, effect === 'allow'));
  if (value.who) matchers.push(matchWho(value.who));
  if (ranges) matchers.push(bind(matchFrom(createAddressTest(ranges))));
  if (value.unless) {
    const { who, from, tags } = value.unless;
    const parts: Matcher[] = [];
    if (who) parts.push(matchWho(who));
    if (from) {
      const excepted = resolver.rangesOfList(from, stated, ['unless', 'from']);
      parts.push(bind(matchFrom(createAddressTest(excepted))));
    }
    if (tags) parts.push(tagMatcher(tags, effect === 'deny'));
    matchers.push(matchUnless(parts));
  }
  if (value.bind) matchers.push(matchBind());
  const message = value.message === undefined ? undefined : oneLine(value.message);
  const { id, enforce } = value;
  return {
    rule: Object.freeze({ id, effect, enforce, message, concerns, matchers, place: stated.place }),
    ranges,
  };
}

function concrete(words: readonly RuleAction[]): ReadonlySet<Action> {
  return new Set(words.flatMap((word): Action[] => (word === 'push' ? ['create', 'overwrite'] : [word])));
}

function tagMatcher(tags: readonly string[], untagged: boolean): Matcher {
  return matchTags(
    tags.map((text) => requireGlob(parseTagGlob(text))),
    untagged,
  );
}

/** The schema has read the same text, so a refusal here is a defect. */
function requireGlob<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.glob;
  throw new WardenError('INTERNAL', { sentence: `a pattern was not checked before: ${parsed.reason}` });
}
