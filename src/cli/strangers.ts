/** What the users file and the settings show to be wrong in a policy. */
import type { Settings } from '../config/settings.ts';
import type { Problem } from '../config/yaml.ts';
import { loadUsers } from '../identity/users-file.ts';
import { lintBuilds } from '../policy/lint-builds.ts';
import { lintUsers } from '../policy/lint-users.ts';
import { lintWays } from '../policy/lint-ways.ts';
import type { Policy } from '../policy/policy.ts';

/**
 * Users and groups of the policy that neither the users file nor an issuer has (nothing of them where there is no good
 * users file, or a directory that may have them), and rules about builds, directories or certificates that nothing can meet. Said by checks and not at a
 * start: a group may well be empty for a while.
 */
export async function strangers(
  policy: Policy,
  {
    users,
    ldap,
    oidc,
    page,
    clientCertificates,
  }: Pick<Settings, 'users' | 'ldap' | 'oidc' | 'page' | 'clientCertificates'>,
): Promise<readonly Problem[]> {
  const issuers = oidc.map(({ issuer, build }) => ({ issuer, facts: Object.keys(build) }));
  const all = [...oidc, ...page.signIn];
  const byIssuer = all.map(({ groups: { always, among } }) => ({ name: '', groups: [...always, ...among] }));
  const isByIssuer = (name: string): boolean => all.some((issuer) => name.startsWith(`${issuer.name}:`));
  const read = ldap ? undefined : await loadUsers(users);
  return [
    ...(read?.ok ? lintUsers(policy, [...read.users.byName.values(), ...byIssuer], isByIssuer) : []),
    ...lintBuilds(policy, issuers, page.signIn.length > 0),
    ...lintWays(policy, {
      ldap: ldap !== undefined,
      oidc: all.length > 0,
      certificates: clientCertificates !== undefined,
    }),
  ];
}
