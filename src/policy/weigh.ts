/** Weighs rules against a question: whether each condition holds, does not, or cannot be told yet. */
import { WRITES_MASK } from './actions.ts';
import { isClient } from './client-version.ts';
import { type Conditions, FACTS, type Fact } from './conditions.ts';
import { type Subject, UNKNOWN } from './facts.ts';
import { coversAnyRepository, matchesClaim, matchesRepository, matchesTag } from './glob.ts';
import type { Rule } from './policy.ts';
import { hasAddress } from './range-set.ts';
import type { Seen } from './seen.ts';
import { isWithin } from './time-window.ts';
import { and, not, or, type Truth } from './truth.ts';

export function weighRule(rule: Rule, seen: Seen): Truth {
  const own = asBound(rule, seen);
  const truth = weighAll(rule.when, own);
  if (truth === false) return false;
  const bound = weighBind(rule, seen);
  if (bound === false) return false;
  let result = and([truth, bound]);
  for (const block of rule.unless) {
    const excepted = weighAll(block, own);
    if (excepted === true) return false;
    if (excepted === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/**
 * The same question as a rule with `bind: address` sees it. From any address but the token's it does not hold, so its
 * other conditions on the address may be asked of that one at once.
 */
export function asBound({ bind }: Rule, seen: Seen): Seen {
  return bind && seen.address === UNKNOWN && seen.tokenAddress !== undefined
    ? { ...seen, address: seen.tokenAddress }
    : seen;
}

/** Whether the token is used from the address that fetched it; true for a rule that does not ask. */
export function weighBind({ bind }: Rule, { address, tokenAddress }: Seen): Truth {
  if (!bind) return true;
  if (tokenAddress === undefined) return false;
  return address === UNKNOWN ? UNKNOWN : address === tokenAddress;
}

/** True where all that is asked holds. */
export function weighAll(conditions: Conditions, seen: Seen): Truth {
  let result: Truth = true;
  for (const fact of FACTS) {
    if (conditions[fact] === undefined) continue;
    const truth = weighFact(fact, conditions, seen);
    if (truth === false) return false;
    if (truth === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** One of the conditions; true where it is not asked. */
export function weighFact(fact: Fact, conditions: Conditions, seen: Seen): Truth {
  const { subject } = seen;
  switch (fact) {
    case 'actions':
      return weighActions(conditions.actions?.mask ?? seen.actions, seen.actions);
    case 'repositories': {
      const { repositories } = conditions;
      const { components } = seen;
      if (repositories === undefined) return true;
      return components === UNKNOWN
        ? or(repositories.map((glob) => coversAnyRepository(glob, subject)))
        : repositories.some((glob) => matchesRepository(glob, components, subject));
    }
    case 'users':
      if (conditions.users === undefined) return true;
      return subject.kind !== 'anonymous' && conditions.users.has(subject.name);
    case 'groups':
      return isMember(conditions.groups, subject);
    case 'kinds':
      return conditions.kinds?.has(subject.kind) !== false;
    case 'methods':
      return conditions.methods?.has(subject.method) !== false;
    case 'authenticated':
      return (
        conditions.authenticated === undefined || conditions.authenticated === (subject.kind !== 'anonymous')
      );
    case 'certificates': {
      const { certificate } = seen;
      if (conditions.certificates === undefined) return true;
      if (certificate === UNKNOWN) return UNKNOWN;
      return certificate !== undefined && conditions.certificates.has(certificate);
    }
    case 'build':
      return isBuild(conditions.build, subject);
    case 'from':
      if (conditions.from === undefined) return true;
      return seen.address === UNKNOWN ? UNKNOWN : hasAddress(conditions.from.ranges, seen.address);
    case 'tags': {
      const { tags } = conditions;
      const { tag } = seen;
      if (tags === undefined) return true;
      if (tag === UNKNOWN) return UNKNOWN;
      return tag === undefined ? tags.untagged : tags.globs.some((glob) => matchesTag(glob, tag));
    }
    case 'time': {
      const { time } = seen;
      if (conditions.time === undefined) return true;
      return time === UNKNOWN ? UNKNOWN : conditions.time.some((window) => isWithin(window, time));
    }
    case 'client': {
      if (conditions.client === undefined) return true;
      const products = seen.products();
      return products === UNKNOWN ? UNKNOWN : conditions.client.some((test) => isClient(test, products));
    }
  }
}

/** The rule must speak of every action that the request may turn out to be. */
function weighActions(covered: number, asked: number): Truth {
  const both = covered & asked;
  if (both === 0) return false;
  return both === asked ? true : UNKNOWN;
}

function isMember(groups: ReadonlySet<string> | undefined, subject: Subject): boolean {
  return groups === undefined || subject.groups.some((group) => groups.has(group));
}

function isBuild(build: Conditions['build'], subject: Subject): boolean {
  if (build === undefined) return true;
  for (const [claim, globs] of build) {
    const value = subject.build?.[claim];
    if (value === undefined || !globs.some((glob) => matchesClaim(glob, value))) return false;
  }
  return true;
}

/** Whether the rule speaks of this action and repository at all, whoever asks, from wherever. */
export function concerns({ when }: Rule, { actions, components }: Seen): boolean {
  const { mask } = when.actions;
  // One who may write new tags and is refused an old one wants to read what that rule says.
  const meant = (mask & WRITES_MASK) !== 0 && (actions & WRITES_MASK) !== 0;
  if ((mask & actions) === 0 && !meant) return false;
  return (
    components === UNKNOWN || when.repositories.some((glob) => matchesRepository(glob, components, 'anyone'))
  );
}

/** How many of a rule's conditions surely fail; its exceptions count as one each. */
export function countFailed(rule: Rule, seen: Seen): number {
  const own = asBound(rule, seen);
  let failed = weighBind(rule, seen) === false ? 1 : 0;
  for (const fact of FACTS)
    if (rule.when[fact] !== undefined && weighFact(fact, rule.when, own) === false) failed++;
  for (const block of rule.unless) if (not(weighAll(block, own)) === false) failed++;
  return failed;
}
