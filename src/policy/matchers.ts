/**
 * The conditions of a rule, one small matcher for each fact. A rule holds where all its matchers do.
 *
 * A new kind of condition is one more factory here, one more key in the schema, and one more line in compile.
 */
import type { AddressTest } from './address.ts';
import { type Action, type Question, type Subject, UNKNOWN, type Unknown } from './facts.ts';
import {
  coversAnyRepository,
  matchesRepository,
  matchesTag,
  type RepositoryGlob,
  type TagGlob,
} from './glob.ts';
import type { WhoContent } from './schema.ts';
import { and, not, or, type Truth } from './truth.ts';

/** A question made ready to be matched: addresses canonical, the repository in components. */
export interface Seen {
  readonly subject: Subject;
  readonly actions: readonly Action[];
  /** Of the repository. */
  readonly components: readonly string[] | Unknown;
  readonly tag: Question['tag'];
  readonly address: string | Unknown;
  /** Undefined if it was no address. */
  readonly tokenAddress: string | undefined;
}

export interface Matcher {
  /** The key of the rule that it stands for. */
  readonly fact: 'actions' | 'repositories' | 'tags' | 'who' | 'from' | 'unless' | 'bind';
  readonly test: (seen: Seen) => Truth;
}

/** The rule must speak of every action that the request may turn out to be. */
export function matchActions(covered: ReadonlySet<Action>): Matcher {
  return {
    fact: 'actions',
    test: ({ actions }) => {
      let count = 0;
      for (const action of actions) if (covered.has(action)) count++;
      if (count === 0) return false;
      return count === actions.length ? true : UNKNOWN;
    },
  };
}

export function matchRepositories(globs: readonly RepositoryGlob[]): Matcher {
  return {
    fact: 'repositories',
    test: ({ components, subject }) =>
      components === UNKNOWN
        ? or(globs.map((glob) => coversAnyRepository(glob, subject)))
        : globs.some((glob) => matchesRepository(glob, components, subject)),
  };
}

/** Both of the above, but for a caller of any name and groups: is this what the rule is about? */
export function speaksOf(
  covered: ReadonlySet<Action>,
  globs: readonly RepositoryGlob[],
  { actions, components }: Seen,
): boolean {
  // One who may write new tags and is refused an old one wants to read what that rule says.
  const writes = [...covered].some(isPush);
  if (!actions.some((action) => covered.has(action) || (writes && isPush(action)))) return false;
  return components === UNKNOWN || globs.some((glob) => matchesRepository(glob, components, 'anyone'));
}

/**
 * `untagged` is the answer for a request that writes no tag: an allow that is limited to some tags permits it (every tag
 * that it writes is among them), a deny of some tags does not concern it (no tag that it writes is among them). Were it
 * otherwise, nobody with a right to some tags could push an image for several platforms, whose parts go by digest.
 */
export function matchTags(globs: readonly TagGlob[], untagged: boolean): Matcher {
  return {
    fact: 'tags',
    test: ({ tag }) => {
      if (tag === UNKNOWN) return UNKNOWN;
      return tag === undefined ? untagged : globs.some((glob) => matchesTag(glob, tag));
    },
  };
}

export function matchWho({ users, groups, kinds, authenticated }: WhoContent): Matcher {
  return {
    fact: 'who',
    test: ({ subject }) =>
      (users === undefined || (subject.kind !== 'anonymous' && users.includes(subject.name))) &&
      (groups === undefined || groups.some((group) => subject.groups.includes(group))) &&
      (kinds === undefined || kinds.includes(subject.kind)) &&
      (authenticated === undefined || authenticated === (subject.kind !== 'anonymous')),
  };
}

export function matchFrom(test: AddressTest): Matcher {
  return { fact: 'from', test: ({ address }) => (address === UNKNOWN ? UNKNOWN : test(address)) };
}

export function matchUnless(parts: readonly Matcher[]): Matcher {
  return { fact: 'unless', test: (seen) => not(and(parts.map((part) => part.test(seen)))) };
}

/** Holds where the token is used from the address that fetched it. */
export function matchBind(): Matcher {
  return {
    fact: 'bind',
    test: ({ address, tokenAddress }) => {
      if (tokenAddress === undefined) return false;
      return address === UNKNOWN ? UNKNOWN : address === tokenAddress;
    },
  };
}

/**
 * The same question as a rule with `bind: address` sees it. From any address but the token's it does not hold, so its
 * other conditions on the address may be asked of that one at once.
 */
export function boundTo(matcher: Matcher): Matcher {
  return {
    fact: matcher.fact,
    test: (seen) =>
      matcher.test(
        seen.address === UNKNOWN && seen.tokenAddress !== undefined
          ? { ...seen, address: seen.tokenAddress }
          : seen,
      ),
  };
}

function isPush(action: Action): boolean {
  return action === 'create' || action === 'overwrite';
}
