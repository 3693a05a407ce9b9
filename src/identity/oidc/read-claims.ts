/** What the claims of a verified id token say of a build, by the mapping of its issuer. Pure. */
import type { OidcFact, OidcIssuer } from '../../config/oidc-schema.ts';
import { BUILD_CLAIMS, type BuildClaim, type BuildClaims } from '../../policy/facts.ts';
import { type Claims, groupsOf, nameOf, own, plainText, textOf, unmet } from './claims.ts';

export interface ReadBuild {
  readonly name: string;
  readonly groups: readonly string[];
  readonly build: BuildClaims;
  readonly number?: number;
  readonly commit?: string;
}

/** `why` is one sentence without a value of the token. */
export type ReadClaims =
  | { readonly ok: true; readonly build: ReadBuild }
  | { readonly ok: false; readonly why: string };

export function readClaims(claims: Claims, issuer: OidcIssuer): ReadClaims {
  const missing = unmet(claims, issuer);
  if (missing !== undefined) return refuse(`the token’s claim ${missing} is not one that is taken here`);
  const faults: string[] = [];
  const note = (fact: string, claim: string): undefined => {
    faults.push(`the token’s claim ${claim} cannot be taken as ${fact}`);
    return undefined;
  };

  const name = nameOf(claims, issuer);
  if (name === undefined) return refuse(said('the subject', issuer.subject));

  /** Undefined where there is no such fact; a fault where the claim is there and unusable. */
  function factOf(fact: string, place: OidcFact | undefined): string | undefined {
    if (place === undefined) return undefined;
    const { claim, after = '', when = {} } = typeof place === 'string' ? { claim: place } : place;
    const value = own(claims, claim);
    if (value === undefined || value === null || value === '') return undefined;
    for (const [other, wanted] of Object.entries(when))
      if (plainText(own(claims, other)) !== wanted) return undefined;
    const text = textOf(value, { isWho: fact === 'operator' });
    if (text === undefined) return note(`the ${fact} of the build`, claim);
    return text.startsWith(after) && text.length > after.length ? text.slice(after.length) : undefined;
  }

  const facts: Partial<Record<BuildClaim, string>> = { issuer: issuer.issuer };
  for (const fact of BUILD_CLAIMS) {
    if (fact === 'issuer') continue;
    const value = factOf(fact, issuer.build[fact]);
    if (value !== undefined) facts[fact] = value;
  }
  const commit = factOf('commit', issuer.build.commit);
  const counted = factOf('number', issuer.build.number);
  const number = counted !== undefined && /^\d{1,15}$/.test(counted) ? Number(counted) : undefined;
  if (counted !== undefined && number === undefined) faults.push('the number of the build is none');
  const groups = groupsOf(claims, issuer);
  if (groups === undefined) note('groups', issuer.groups.claim ?? '');
  const [fault] = faults;
  if (fault !== undefined || groups === undefined) return refuse(fault ?? '');
  return {
    ok: true,
    build: {
      name,
      groups,
      build: facts,
      ...(number !== undefined && { number }),
      ...(commit !== undefined && { commit }),
    },
  };
}

function refuse(why: string): ReadClaims {
  return { ok: false, why };
}

function said(what: string, claim: string): string {
  return `the token’s claim ${claim} cannot be taken as ${what}`;
}
