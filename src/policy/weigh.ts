/** Weighs rules against a question: whether each condition holds, does not, or cannot be told yet. */
import { WRITES_MASK } from './actions.ts';
import { isClient } from './client-version.ts';
import type { Build, Conditions, Fact } from './conditions.ts';
import { type Subject, UNKNOWN } from './facts.ts';
import {
  coversAnyRepository,
  matchesClaim,
  matchesRepository,
  matchesTag,
  type RepositoryGlob,
} from './glob.ts';
import { isAt } from './place-set.ts';
import type { Rule } from './rule.ts';
import type { Seen } from './seen.ts';
import { isWithin } from './time-window.ts';
import { and, or, type Truth } from './truth.ts';

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
  for (const weigh of IN_ORDER) {
    const truth = weigh(conditions, seen);
    if (truth === false) return false;
    if (truth === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** One of the conditions; true where it is not asked. */
export function weighFact(fact: Fact, conditions: Conditions, seen: Seen): Truth {
  return WEIGH[fact](conditions, seen);
}

type Weigh = (asked: Conditions, seen: Seen) => Truth;

/** The cheap and telling ones first: most rules are put aside by the first or second. */
const WEIGH: Readonly<Record<Fact, Weigh>> = {
  actions: ({ actions }, seen) => actions === undefined || weighActions(actions.mask, seen.actions),
  users: ({ users }, { subject }) =>
    users === undefined || (subject.kind !== 'anonymous' && users.has(subject.name)),
  groups: ({ groups }, { subject }) => groups === undefined || isMember(groups, subject),
  kinds: ({ kinds }, { subject }) => kinds === undefined || kinds.has(subject.kind),
  methods: ({ methods }, { subject }) => methods === undefined || methods.has(subject.method),
  authenticated: ({ authenticated }, { subject }) =>
    authenticated === undefined || authenticated === (subject.kind !== 'anonymous'),
  approved: ({ approved }, { subject }) => approved === undefined || approved === (subject.approved === true),
  certificates: ({ certificates }, { certificates: shown }) => {
    if (certificates === undefined) return true;
    return shown === UNKNOWN ? UNKNOWN : shown.some((name) => certificates.has(name));
  },
  from: ({ from }, { address, certificates }) =>
    from === undefined || isAt(from.places, address, certificates),
  repositories: ({ repositories }, seen) =>
    repositories === undefined || weighRepositories(repositories, seen),
  tags: ({ tags }, { tag }) => {
    if (tags === undefined) return true;
    if (tag === UNKNOWN) return UNKNOWN;
    return tag === undefined ? tags.untagged : tags.globs.some((glob) => matchesTag(glob, tag));
  },
  build: ({ build }, { subject }) => build === undefined || isBuild(build, subject),
  time: ({ time }, seen) => {
    if (time === undefined) return true;
    const { time: now } = seen;
    return now === UNKNOWN ? UNKNOWN : time.some((window) => isWithin(window, now));
  },
  client: ({ client }, seen) => {
    if (client === undefined) return true;
    const products = seen.products();
    return products === UNKNOWN ? UNKNOWN : client.some((test) => isClient(test, products));
  },
};
const IN_ORDER: readonly Weigh[] = Object.values(WEIGH);

/** The rule must speak of every action that the request may turn out to be. */
function weighActions(covered: number, asked: number): Truth {
  const both = covered & asked;
  if (both === 0) return false;
  return both === asked ? true : UNKNOWN;
}

function isMember(groups: ReadonlySet<string>, subject: Subject): boolean {
  for (const group of subject.groups) if (groups.has(group)) return true;
  return false;
}

function weighRepositories(globs: readonly RepositoryGlob[], { components, subject }: Seen): Truth {
  if (components === UNKNOWN) return or(globs.map((glob) => coversAnyRepository(glob, subject)));
  for (const glob of globs) if (matchesRepository(glob, components, subject)) return true;
  return false;
}

function isBuild(build: Build, subject: Subject): boolean {
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

/**
 * How many of a rule's conditions surely fail; its exceptions count as one each.
 *
 * @param enough where to stop counting.
 */
export function countFailed(rule: Rule, seen: Seen, enough = Infinity): number {
  const own = asBound(rule, seen);
  let failed = weighBind(rule, seen) === false ? 1 : 0;
  for (const weigh of IN_ORDER) {
    if (failed >= enough) return failed;
    if (weigh(rule.when, own) === false) failed++;
  }
  for (const block of rule.unless) {
    if (failed >= enough) return failed;
    if (weighAll(block, own) === true) failed++;
  }
  return failed;
}
