/** What is wrong with issuers of people that are each well-formed. */
import type { Path } from '../policy/problem.ts';
import { isPublicIssuer } from './oidc-judgement.ts';
import type { Settings } from './settings-schema.ts';

/** Calls `say` for each problem with its place. */
export function judgeSignIn(
  { page, oidc, publicUrl }: Pick<Settings, 'page' | 'oidc' | 'publicUrl'>,
  say: (path: Path, sentence: string) => void,
): void {
  for (const [index, one] of page.signIn.entries()) {
    const at = (...key: Path): Path => ['page', 'signIn', index, ...key];
    const earlier = page.signIn.slice(0, index);
    if (!page.enabled && index === 0) say(['page', 'signIn'], 'has no meaning where page.enabled is false');
    if (earlier.some(({ name }) => name === one.name))
      say(at('name'), `another issuer is called ${one.name}; their people could not be told apart`);
    if (oidc.some(({ name }) => name === one.name))
      say(at('name'), `an issuer of builds is called ${one.name}; people and builds could not be told apart`);
    // A code or a token of the one would do for the other.
    if (earlier.some(({ issuer, clientId }) => issuer === one.issuer && clientId === one.clientId))
      say(at('clientId'), 'the same issuer and clientId stand here twice');
    if (oidc.some(({ issuer, audiences }) => issuer === one.issuer && audiences.includes(one.clientId)))
      say(
        at('clientId'),
        'is among the `audiences` of the same issuer under `oidc`; the id token of a person would be taken for that of a build',
      );
    if ((one.clientSecretFile === undefined) === (one.clientKeyFile === undefined))
      say(at(), 'expected one of clientSecretFile and clientKeyFile');
    if (one.groups.claim !== undefined && one.groups.among.length === 0)
      say(
        at('groups', 'claim'),
        'none of its values count without `among`; list there the groups that it may give',
      );
    if (one.groups.claim === undefined && one.groups.among.length > 0)
      say(at('groups', 'among'), 'has no meaning without `claim`');
    if (one.subject === 'email' && !one.require['email_verified']?.every((value) => value === 'true'))
      say(
        at('subject'),
        'an address that nobody has verified may be anybody’s; add `require: { email_verified: ["true"] }`, or take sub',
      );
    if (isPublicIssuer(one.issuer) && Object.keys(one.require).length === 0)
      say(
        at('issuer'),
        'everyone in the world can have a token of this issuer; say under `require` which are yours',
      );
    if (
      publicUrl.startsWith('http:') &&
      !/^http:\/\/(?:127\.[0-9.]+|\[::1\]|localhost)(?::|$)/.test(publicUrl)
    )
      say(at(), 'publicUrl is http: the code of a sign-in would cross the network readable');
  }
}
