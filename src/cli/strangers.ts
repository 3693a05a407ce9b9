/** What the users file shows to be wrong in a policy. */
import type { Problem } from '../config/yaml.ts';
import { loadUsers } from '../identity/users-file.ts';
import { lintUsers } from '../policy/lint-users.ts';
import type { Policy } from '../policy/policy.ts';

/**
 * Users and groups of the policy that are not in the users file; nothing where there is no good one. Said by checks and not at a
 * start: a group may well be empty for a while.
 */
export async function strangers(policy: Policy, usersFile: string): Promise<readonly Problem[]> {
  const read = await loadUsers(usersFile);
  return read.ok ? lintUsers(policy, read.users.byName.values()) : [];
}
