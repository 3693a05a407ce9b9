/**
 * What is known of one issuer by its discovery document, read anew when it is older than a minute and a half.
 *
 * It is not kept for longer, unlike the keys for builds: without the issuer nobody signs in with it anyway, and whoever wants to is
 * told so here rather than by a browser that finds nobody there.
 *
 * @see https://openid.net/specs/openid-connect-discovery-1_0.html
 */
import * as oidc from 'openid-client';
import type { SignInIssuer } from '../../config/sign-in-schema.ts';
import { causesOf, IssuerProblem, sentencesOf } from '../oidc/ask-issuer.ts';
import { createIssuerFetch } from './issuer-fetch.ts';

/** How this registry proves to the issuer who it is. */
export type ClientCredential =
  | { readonly secret: string }
  /** A key of ES256 or RS256. It is not named: issuers that were given it as PEM know it by a name of their own. */
  | { readonly key: oidc.CryptoKey };

export interface KnownIssuerOptions {
  readonly settings: SignInIssuer;
  /** Read each time, so that it can be replaced. Rejects with a sentence where it cannot be had. */
  readonly credential: () => Promise<ClientCredential>;
  /** Milliseconds; only differences are used. */
  readonly now: () => number;
  /** Told when the issuer cannot be asked, once until it can again. */
  readonly onProblem: (why: string) => void;
  readonly onRecovered: () => void;
  readonly times?: KnownTimes;
}

/** All in milliseconds. */
export interface KnownTimes {
  /** For each answer of the issuer. */
  readonly answerMs: number;
  /** What is older is read again before it is used. */
  readonly freshMs: number;
  /** Least time between two questions while the issuer does not answer. */
  readonly pauseMs: number;
}

export const KNOWN_TIMES: KnownTimes = { answerMs: 5_000, freshMs: 90_000, pauseMs: 2_000 };

export interface KnownIssuer {
  /** @throws {IssuerProblem} */
  read(): Promise<oidc.Configuration>;
  /** Reads it anew. Never rejects. */
  tick(): Promise<void>;
  /** Whether the issuer could not be asked the last time. */
  failing(): boolean;
}

export function createKnownIssuer(options: KnownIssuerOptions): KnownIssuer {
  const { settings, credential, now, onProblem, onRecovered, times = KNOWN_TIMES } = options;
  let good: { readonly config: oidc.Configuration; readonly at: number } | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  let problem: IssuerProblem | undefined;
  let asking: Promise<void> | undefined;

  async function discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, algorithm, caFile } = settings;
    const config = await oidc.discovery(
      new URL(issuer),
      clientId,
      { id_token_signed_response_alg: algorithm },
      authenticationOf(await credential(), settings),
      {
        timeout: times.answerMs / 1000,
        [oidc.customFetch]: createIssuerFetch(caFile, times.answerMs),
        execute: [
          oidc.enableNonRepudiationChecks,
          // The settings take http on loopback alone.
          ...(issuer.startsWith('http:') ? [oidc.allowInsecureRequests] : []),
        ],
      },
    );
    const fault = faultOf(config.serverMetadata(), settings);
    if (fault !== undefined) throw new IssuerProblem(`the discovery document of ${issuer} ${fault}`);
    const keys = good && oidc.getJwksCache(good.config);
    if (keys) oidc.setJwksCache(config, keys);
    return config;
  }

  async function ask(): Promise<void> {
    askedAt = now();
    try {
      good = { config: await discover(), at: now() };
      if (problem !== undefined) onRecovered();
      problem = undefined;
    } catch (error) {
      const found = asProblem(error, settings.issuer);
      if (problem === undefined) onProblem(found.message);
      problem = found;
    }
  }

  /** One question at a time, whoever needs it. */
  function askOnce(): Promise<void> {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return {
    async read() {
      const fresh = good !== undefined && problem === undefined && now() - good.at < times.freshMs;
      if (!fresh && (asking !== undefined || now() - askedAt >= times.pauseMs)) await askOnce();
      if (problem !== undefined) throw problem;
      if (good === undefined) throw new IssuerProblem(`${settings.issuer} has not been asked yet`);
      return good.config;
    },
    tick: askOnce,
    failing: () => problem !== undefined,
  };
}

/** What would make every sign-in fail, and is better said at the start. */
function faultOf(
  said: Readonly<oidc.ServerMetadata>,
  { issuer, algorithm, userinfo }: SignInIssuer,
): string | undefined {
  // Section 4.3: another issuer's document must not be taken for this one's. The library compares them as URLs.
  if (said.issuer !== issuer) return 'speaks of another issuer';
  for (const name of [...NEEDED, ...(userinfo ? (['userinfo_endpoint'] as const) : [])]) {
    const address: unknown = said[name];
    const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
    const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && issuer.startsWith('http:'));
    if (!safe) return `has no ${name} that is https`;
  }
  const { id_token_signing_alg_values_supported: algorithms = [algorithm] } = said;
  return [algorithms].flat().includes(algorithm)
    ? undefined
    : `does not list ${algorithm} among id_token_signing_alg_values_supported; set \`algorithm\` to one that it lists`;
}

const NEEDED = ['authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const;

function authenticationOf(credential: ClientCredential, { secretBy }: SignInIssuer): oidc.ClientAuth {
  if ('key' in credential) return oidc.PrivateKeyJwt(credential.key);
  return secretBy === 'client_secret_post'
    ? oidc.ClientSecretPost(credential.secret)
    : oidc.ClientSecretBasic(credential.secret);
}

function asProblem(error: unknown, issuer: string): IssuerProblem {
  const found = causesOf(error).find((one) => one instanceof IssuerProblem);
  return found ?? new IssuerProblem(`${issuer}: ${sentencesOf(error)}`, { cause: error });
}
