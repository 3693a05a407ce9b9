/** The conditions on the caller, reduced by what is known of one. */
import type { Conditions } from '../conditions.ts';
import { SUBJECT_KINDS } from '../facts.ts';
import { matchesClaim } from '../glob.ts';
import type { GivenWho } from './caller.ts';
import { common, type Draft } from './one-fact.ts';

/** @returns what is still open of them, or undefined where they cannot hold. Conditions on anything else are left out. */
export function reduceWho(conditions: Conditions, who: GivenWho = {}): Draft | undefined {
  const { users, groups, kinds, methods, authenticated, approved, certificates, build } = conditions;
  const left: Draft = {};
  const anonymous = isAnonymous(who);
  if (users !== undefined) {
    if (anonymous === true || (who.name !== undefined && !users.has(who.name))) return undefined;
    if (who.name === undefined) left.users = users;
  }
  if (groups !== undefined) {
    const known = who.groups?.names ?? new Set<string>();
    if (common(groups, known).size === 0) {
      if (anonymous === true || who.groups?.complete === true) return undefined;
      left.groups = groups;
    }
  }
  if (kinds !== undefined) {
    const open = SUBJECT_KINDS.filter((kind) => mayBe(kind, who.kind, anonymous));
    const fitting = open.filter((kind) => kinds.has(kind));
    if (fitting.length === 0) return undefined;
    if (fitting.length < open.length) left.kinds = new Set(fitting);
  }
  if (methods !== undefined) {
    if (anonymous === true || (who.method !== undefined && !methods.has(who.method))) return undefined;
    if (who.method === undefined) left.methods = methods;
  }
  if (authenticated !== undefined) {
    if (anonymous === authenticated) return undefined;
    if (anonymous === undefined) left.authenticated = authenticated;
  }
  if (approved !== undefined) {
    // Who has not logged in has no approval; whether another has is not among what a question can give.
    if (anonymous === true && approved) return undefined;
    if (anonymous !== true) left.approved = approved;
  }
  if (certificates !== undefined) left.certificates = certificates;
  if (build !== undefined) {
    if (who.kind !== undefined && who.kind !== 'build') return undefined;
    const claims = who.build;
    if (claims === undefined) left.build = build;
    else
      for (const [claim, globs] of build) {
        const value = claims[claim];
        if (value === undefined || !globs.some((glob) => matchesClaim(glob, value))) return undefined;
      }
  }
  return left;
}

/** Undefined where it cannot be told. */
function isAnonymous({ name, kind, groups, build }: GivenWho): boolean | undefined {
  if (kind !== undefined) return kind === 'anonymous';
  const named = name !== undefined || build !== undefined || (groups?.names.size ?? 0) > 0;
  return named ? false : undefined;
}

function mayBe(kind: string, known: string | undefined, anonymous: boolean | undefined): boolean {
  if (known !== undefined) return kind === known;
  return anonymous !== false || kind !== 'anonymous';
}
