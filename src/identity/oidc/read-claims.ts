/** What the claims of a verified id token say of a build, by the mapping of its issuer. Pure. */
import type { OidcFact, OidcIssuer } from '../../config/oidc-schema.ts';
import { BUILD_CLAIMS, type BuildClaim, type BuildClaims } from '../../policy/facts.ts';

export type Claims = Readonly<Record<string, unknown>>;

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

/** In characters, of every value that is taken over: tokens and records are bounded by it. */
const VALUE_LENGTH = 255;
const GROUPS_READ = 1_000;

/** Names go into tokens, records and logs of several programs: ASCII without blanks. */
const NAME = /^[\x21-\x7e]+$/;
const TEXT = /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+$/u;

/** Claims that say who. Where one holds two @, programs differ in which is the address, and so in who it is. */
const WHO: ReadonlySet<string> = new Set(['subject', 'operator']);

export function readClaims(claims: Claims, issuer: OidcIssuer): ReadClaims {
  const missing = unmet(claims, issuer);
  if (missing !== undefined) return refuse(`the token’s claim ${missing} is not one that is taken here`);
  const faults: string[] = [];
  const note = (fact: string, claim: string): undefined => {
    faults.push(`the token’s claim ${claim} cannot be taken as ${fact}`);
    return undefined;
  };

  const subject = textOf(own(claims, issuer.subject), 'subject');
  if (subject === undefined || !NAME.test(subject)) return refuse(said('the subject', issuer.subject));
  const name = `${issuer.name}:${subject}`;
  if (name.length > VALUE_LENGTH) return refuse(said('the subject', issuer.subject));

  /** Undefined where there is no such fact; a fault where the claim is there and unusable. */
  function factOf(fact: string, place: OidcFact | undefined): string | undefined {
    if (place === undefined) return undefined;
    const { claim, after = '', when = {} } = typeof place === 'string' ? { claim: place } : place;
    const value = own(claims, claim);
    if (value === undefined || value === null || value === '') return undefined;
    for (const [other, wanted] of Object.entries(when))
      if (plainText(own(claims, other)) !== wanted) return undefined;
    const text = textOf(value, fact);
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

/** The first claim that is required and does not have one of its values. */
function unmet(claims: Claims, { require }: OidcIssuer): string | undefined {
  return Object.entries(require).find(([claim, values]) => {
    const text = plainText(own(claims, claim));
    return text === undefined || !values.includes(text);
  })?.[0];
}

/** Not what every object has: a claim may be called `constructor`. */
function own(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

function plainText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? String(value) : undefined;
}

function textOf(value: unknown, fact: string): string | undefined {
  const text = plainText(value);
  if (text === undefined || text.length > VALUE_LENGTH || !TEXT.test(text)) return undefined;
  return WHO.has(fact) && text.split('@').length > 2 ? undefined : text;
}

/** Those that the settings list, and no other. Undefined where the claim is there and is no list of texts. */
function groupsOf(claims: Claims, { groups }: OidcIssuer): readonly string[] | undefined {
  const { always, claim, among } = groups;
  const value = claim === undefined ? undefined : own(claims, claim);
  if (value === undefined || value === null) return [...new Set(always)];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length > GROUPS_READ || !list.every((one) => typeof one === 'string')) return undefined;
  return [...new Set([...always, ...among.filter((one) => list.includes(one))])];
}
