/** Rules about builds that no issuer of the settings can ever meet. */
import type { Conditions } from './conditions.ts';
import type { BuildClaim } from './facts.ts';
import { matchesClaim } from './glob.ts';
import type { Policy } from './policy.ts';
import type { Problem } from './problem.ts';

/** An issuer of builds, as the settings have it. */
export interface KnownIssuer {
  readonly issuer: string;
  /** What it says of a build. */
  readonly facts: readonly string[];
}

/**
 * @param people whether people, too, come by issuers.
 * @returns at most one sentence for each rule: the first reason.
 */
export function lintBuilds(
  policy: Policy,
  issuers: readonly KnownIssuer[],
  people = false,
): readonly Problem[] {
  return policy.rules.flatMap(({ id, place, when, unless }) => {
    const [sentence] = [when, ...unless].flatMap((conditions) => unmet(conditions, issuers, people) ?? []);
    return sentence === undefined ? [] : [{ ...place, message: `rule ${id}: ${sentence}` }];
  });
}

function unmet(
  { build, kinds, methods }: Conditions,
  issuers: readonly KnownIssuer[],
  people: boolean,
): string | undefined {
  const only = (set: ReadonlySet<string> | undefined, one: string): boolean =>
    set?.size === 1 && set.has(one);
  if (build === undefined && !only(kinds, 'build') && (people || !only(methods, 'oidc'))) return undefined;
  if (issuers.length === 0) return 'waits for builds, and the settings list no issuer under `oidc`';
  const wanted = build?.get('issuer');
  const meant = issuers.filter(
    ({ issuer }) => wanted === undefined || wanted.some((glob) => matchesClaim(glob, issuer)),
  );
  if (meant.length === 0)
    return `no issuer under \`oidc\` is ${(wanted ?? []).map(({ text }) => text).join(' or ')}`;
  const claims: readonly BuildClaim[] = [...(build?.keys() ?? [])];
  const unsaid = claims.find(
    (claim) => claim !== 'issuer' && !meant.some(({ facts }) => facts.includes(claim)),
  );
  return unsaid && `asks for the ${unsaid} of a build, which no issuer under \`oidc\` is set to tell`;
}
