/** Names in a policy that no user of the users file has: most often a slip of the pen. */

import { didYouMean } from './did-you-mean.ts';
import type { Policy } from './policy.ts';
import type { Problem } from './problem.ts';
import type { Rule } from './rule.ts';

/**
 * For what the users file and the settings know: those of a directory and robots are in neither.
 *
 * @param users all users of the file, and whoever else is known by groups alone.
 * @param isByIssuer whether a name is one that an issuer gives, which no file lists.
 * @returns one sentence for each name, at the first rule that has it.
 */
export function lintUsers(
  policy: Policy,
  users: Iterable<{ readonly name: string; readonly groups: readonly string[] }>,
  isByIssuer: (name: string) => boolean = () => false,
): readonly Problem[] {
  const names = new Set<string>();
  const groups = new Set<string>();
  for (const user of users) {
    names.add(user.name);
    for (const group of user.groups) groups.add(group);
  }
  const found = new Map<string, Problem>();
  for (const rule of policy.rules) {
    for (const { users: named, groups: joined } of [rule.when, ...rule.unless]) {
      for (const name of named ?? []) {
        const sentence = `no user of the users file is called ${JSON.stringify(name)}${didYouMean(name, names)}`;
        if (!names.has(name) && !isByIssuer(name) && !found.has(`user ${name}`))
          found.set(`user ${name}`, problem(rule, sentence));
      }
      for (const name of joined ?? []) {
        const sentence = `no user of the users file is in the group ${JSON.stringify(name)}${didYouMean(name, groups)}`;
        if (!groups.has(name) && !found.has(`group ${name}`))
          found.set(`group ${name}`, problem(rule, sentence));
      }
    }
  }
  return [...found.values()];
}

function problem({ id, place }: Rule, sentence: string): Problem {
  return { ...place, message: `rule ${id}: ${sentence}` };
}
