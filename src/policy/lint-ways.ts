/** Rules that wait for what the settings do not provide: a directory, id tokens, certificates. */
import type { Conditions } from './conditions.ts';
import type { Policy } from './policy.ts';
import type { Problem } from './problem.ts';
import type { Rule } from './rule.ts';

export interface Provided {
  readonly ldap: boolean;
  readonly oidc: boolean;
  /** Whether clients can show certificates. */
  readonly certificates: boolean;
}

/** @returns at most one sentence of ways and one of certificates for each rule. */
export function lintWays({ rules }: Pick<Policy, 'rules'>, provided: Provided): readonly Problem[] {
  return rules.flatMap((rule) => {
    const blocks = [rule.when, ...rule.unless];
    return [
      ...(blocks.some((block) => waitsForDirectory(block, provided))
        ? [at(rule, 'waits for people of a directory, and the settings have no `ldap`')]
        : []),
      ...(!provided.certificates && blocks.some(asksCertificate)
        ? [at(rule, 'waits for client certificates, and the settings have no `clientCertificates`')]
        : []),
    ];
  });
}

function at({ id, place }: Rule, sentence: string): Problem {
  const { file, line, column } = place;
  return { file, line, column, message: `rule ${id}: ${sentence}` };
}

/** Where others meet it too, it waits for nobody; where builds alone do, lint-builds tells. */
function waitsForDirectory({ methods }: Conditions, { ldap, oidc }: Provided): boolean {
  if (ldap || !methods?.has('ldap')) return false;
  return [...methods].every((method) => method === 'ldap' || (method === 'oidc' && !oidc));
}

function asksCertificate({ certificates, from }: Conditions): boolean {
  return certificates !== undefined || (from?.places.certified.size ?? 0) > 0;
}
