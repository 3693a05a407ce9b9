/** The answer to a question about rights: the rows as data, with the members of the groups that they name. */
import type { Policy } from '../policy.ts';
import type { KnownUsers } from './ask.ts';
import type { Given } from './given.ts';
import type { Right } from './right.ts';
import { rightsOf } from './table.ts';
import { type WrittenRight, writtenRight } from './written.ts';

export interface AnsweredRight extends WrittenRight {
  /** By group, where users are known: those for whom the rest can hold. */
  readonly members?: Readonly<Record<string, readonly string[]>>;
}

export interface RightsAnswer {
  /** Digest of the policy. */
  readonly policy: string;
  readonly rows: readonly AnsweredRight[];
}

export interface Answered {
  readonly right: Right;
  readonly members: ReadonlyMap<string, readonly string[]> | undefined;
}

export function answerRights(policy: Policy, given: Given, users?: KnownUsers): readonly Answered[] {
  return rightsOf(policy.rules, given).map((right) => ({
    right,
    members: users && right.when.groups && membersOf(right, right.when.groups, users),
  }));
}

function membersOf(
  { when }: Right,
  groups: ReadonlySet<string>,
  users: KnownUsers,
): ReadonlyMap<string, readonly string[]> {
  const members = new Map<string, readonly string[]>();
  for (const group of groups) {
    const names = [...users].flatMap(([name, user]) =>
      user.groups.includes(group) && when.users?.has(name) !== false ? [name] : [],
    );
    members.set(group, names.sort());
  }
  return members;
}

export function answerJson({ digest }: Pick<Policy, 'digest'>, answered: readonly Answered[]): RightsAnswer {
  return {
    policy: digest,
    rows: answered.map(({ right, members }) => ({
      ...writtenRight(right),
      ...(members && { members: Object.fromEntries(members) }),
    })),
  };
}
