/** What is wrong with issuers that are each well-formed. */
import type { Path } from '../policy/problem.ts';
import type { OidcIssuer } from './oidc-schema.ts';

/** Everyone in the world can have a token of these, for any audience. */
const PUBLIC: ReadonlySet<string> = new Set([
  'https://token.actions.githubusercontent.com',
  'https://gitlab.com',
  'https://agent.buildkite.com',
  'https://oidc.circleci.com',
  'https://accounts.google.com',
]);

export function isPublicIssuer(issuer: string): boolean {
  return PUBLIC.has(issuer.replace(/\/$/, ''));
}

/** Calls `say` for each problem with its place below `oidc`. */
export function judgeOidc(issuers: readonly OidcIssuer[], say: (path: Path, sentence: string) => void): void {
  for (const [index, one] of issuers.entries()) {
    const earlier = issuers.slice(0, index);
    if (earlier.some(({ name }) => name === one.name))
      say(
        ['oidc', index, 'name'],
        `another issuer is called ${one.name}; their builds could not be told apart`,
      );
    if (earlier.some(({ issuer }) => issuer === one.issuer))
      say(['oidc', index, 'issuer'], 'stands here twice; one entry can have several audiences');
    if (one.jwksUrl !== undefined && one.jwksFile !== undefined)
      say(['oidc', index, 'jwksFile'], 'jwksUrl is given too; expected one of the two');
    if (one.groups.claim !== undefined && one.groups.among.length === 0)
      say(
        ['oidc', index, 'groups', 'claim'],
        'none of its values count without `among`; list there the groups that it may give',
      );
    if (one.groups.claim === undefined && one.groups.among.length > 0)
      say(['oidc', index, 'groups', 'among'], 'has no meaning without `claim`');
    if (isPublicIssuer(one.issuer) && Object.keys(one.require).length === 0)
      say(
        ['oidc', index, 'issuer'],
        'everyone in the world can have a token of this issuer; say under `require` which are yours, for example by their owner',
      );
  }
}
