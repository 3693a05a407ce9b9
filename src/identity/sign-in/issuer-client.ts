/**
 * This registry as client of one issuer: the addresses that browsers are sent to, and who came back from there.
 *
 * The authorization code flow with PKCE, state and nonce. What the library does not look at by itself is asked of it or
 * looked at here: the signature of the id token, one algorithm alone, no audience besides ours, the issuer letter by letter.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 * @see https://www.rfc-editor.org/rfc/rfc9700
 */
import * as oidc from 'openid-client';
import type { SignInIssuer } from '../../config/sign-in-schema.ts';
import { causesOf, IssuerProblem, sentencesOf } from '../oidc/ask-issuer.ts';
import type { Claims } from '../oidc/claims.ts';
import type { KnownIssuer } from './known-issuer.ts';
import { type ReadPerson, readPerson } from './read-person.ts';

/** What only the browser that began a sign-in brings back. */
export interface Secrets {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
}

export type SignedIn =
  | ReadPerson
  /** The issuer said so: the person did not want to, or may not. */
  | { readonly ok: false; readonly declined: true; readonly why: string };

export interface IssuerClient {
  readonly settings: SignInIssuer;
  /** @throws {IssuerProblem} where the issuer cannot be asked. */
  begin(redirectUri: string): Promise<{ readonly address: string; readonly secrets: Secrets }>;
  /**
   * @param query of the address that the browser was sent back to.
   * @throws {IssuerProblem} where the issuer cannot be asked.
   */
  finish(came: {
    readonly redirectUri: string;
    readonly query: string;
    readonly secrets: Secrets;
  }): Promise<SignedIn>;
  /** Where to sign out of the issuer, too; undefined where it does not offer that, or cannot be asked. */
  endSession(returnTo: string): Promise<string | undefined>;
}

/** Answers that say nothing of the person: the issuer is not as it must be. */
const UNUSABLE: ReadonlySet<string> = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_PARSE_ERROR',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
]);
/** RFC 6749 section 5.2: what the issuer thinks of this registry, and not of the person. */
const OURS: ReadonlySet<string> = new Set(['invalid_client', 'unauthorized_client']);

export function createIssuerClient(settings: SignInIssuer, known: KnownIssuer): IssuerClient {
  async function claimsOf(
    config: oidc.Configuration,
    { redirectUri, query, secrets }: Parameters<IssuerClient['finish']>[0],
  ): Promise<Claims> {
    const tokens = await oidc.authorizationCodeGrant(config, new URL(`${redirectUri}?${query}`), {
      expectedState: secrets.state,
      expectedNonce: secrets.nonce,
      pkceCodeVerifier: secrets.verifier,
      idTokenExpected: true,
    });
    const claims = tokens.claims();
    if (claims === undefined) throw new IssuerProblem(`${settings.issuer} gave no id token`);
    if (!settings.userinfo) return claims;
    // It has to be of the same subject. What the id token says counts first: that is signed.
    return { ...(await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
  }

  return {
    settings,
    async begin(redirectUri) {
      const config = await known.read();
      const secrets: Secrets = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const address = oidc.buildAuthorizationUrl(config, {
        redirect_uri: redirectUri,
        scope: settings.scopes.join(' '),
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(secrets.verifier),
        code_challenge_method: 'S256',
      });
      return { address: address.href, secrets };
    },
    async finish(came) {
      const config = await known.read();
      let claims: Claims;
      try {
        claims = await claimsOf(config, came);
      } catch (error) {
        return judge(error, settings.issuer);
      }
      // Core section 3.1.3.7, 3: whoever else it was made for could use it here.
      if (![claims['aud'] ?? []].flat().every((one) => one === settings.clientId))
        return { ok: false, why: 'the id token is for other audiences besides' };
      // The same, 5. The library looks at it where there are several audiences.
      if (![undefined, settings.clientId].includes(claims['azp'] as string | undefined))
        return { ok: false, why: 'the id token was made for another party' };
      return readPerson(claims, settings);
    },
    async endSession(returnTo) {
      if (!settings.endSession) return undefined;
      try {
        const config = await known.read();
        if (config.serverMetadata().end_session_endpoint === undefined) return undefined;
        return oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: returnTo }).href;
      } catch {
        // One is signed out here in any case.
        return undefined;
      }
    },
  };
}

/**
 * @returns why somebody is not signed in. No value of a token stands in it: these are the library's own sentences.
 * @throws {IssuerProblem} where it is not about them.
 */
function judge(error: unknown, issuer: string): SignedIn {
  const problem = causesOf(error).find((one) => one instanceof IssuerProblem);
  if (problem !== undefined) throw problem;
  if (error instanceof oidc.AuthorizationResponseError)
    return { ok: false, declined: true, why: `the issuer answered ${word(error.error)}` };
  if (error instanceof oidc.ResponseBodyError) {
    const why = `${issuer} answered ${word(error.error)} at its token endpoint`;
    if (OURS.has(error.error)) throw new IssuerProblem(why, { cause: error });
    return { ok: false, why };
  }
  if (error instanceof oidc.ClientError && UNUSABLE.has(error.code ?? ''))
    throw new IssuerProblem(`${issuer}: ${sentencesOf(error)}`, { cause: error });
  return { ok: false, why: sentencesOf(error) };
}

/** An error code as strangers may have written it into an address. RFC 6749 section 4.1.2.1. */
function word(text: string): string {
  return /^[a-z_]{1,64}$/.test(text) ? text : 'an error';
}
