/** Who the claims of a checked id token speak of, by the mapping of its issuer. Pure. */
import { createHash } from 'node:crypto';
import type { SignInIssuer } from '../../config/sign-in-schema.ts';
import type { Subject } from '../../policy/facts.ts';
import { type Claims, groupsOf, nameOf, unmet } from '../oidc/claims.ts';

/** `why` is one sentence without a value of the token. */
export type ReadPerson =
  | { readonly ok: true; readonly subject: Subject }
  | { readonly ok: false; readonly why: string };

export function readPerson(claims: Claims, issuer: SignInIssuer): ReadPerson {
  const missing = unmet(claims, issuer);
  if (missing !== undefined) return refuse(`the claim ${missing} is not one that is taken here`);
  const name = nameOf(claims, issuer);
  if (name === undefined) return refuse(`the claim ${issuer.subject} cannot be taken as a name`);
  const groups = groupsOf(claims, issuer);
  if (groups === undefined) return refuse(`the claim ${issuer.groups.claim} cannot be taken as groups`);
  return { ok: true, subject: personOf(name, groups) };
}

export function personOf(name: string, groups: readonly string[]): Subject {
  return { name, kind: 'person', groups, method: 'oidc' };
}

/**
 * Names the issuer and what the settings take of its claims: a session that was begun by other settings has another, and
 * ends with them. Passwords of the users file have no colon in theirs, and those of a directory begin with `ldap:`.
 */
export function credentialOf({
  name,
  issuer,
  clientId,
  userinfo,
  require,
  subject,
  groups,
}: SignInIssuer): string {
  const taken = JSON.stringify([issuer, clientId, userinfo, require, subject, groups]);
  return `oidc:${name}:${createHash('sha256').update(taken).digest('base64url')}`;
}

function refuse(why: string): ReadPerson {
  return { ok: false, why };
}
