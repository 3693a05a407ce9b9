/**
 * Whether an id token is one of a listed issuer, for us, in time and unaltered, and whose it is.
 *
 * The claims of a token are looked at when its signature holds and not before, but for `iss`, which says whose key to
 * take: the issuer by which it is checked is the one that its key belongs to, whatever the token says.
 *
 * @see https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation
 * @see https://www.rfc-editor.org/rfc/rfc8725
 */
import { createHash } from 'node:crypto';
import { decodeJwt, errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters } from 'jose';
import type { OidcIssuer } from '../../config/oidc-schema.ts';
import type { Subject } from '../../policy/facts.ts';
import { IssuerProblem } from './ask-issuer.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { readClaims } from './read-claims.ts';

export interface TrustedIssuer {
  readonly settings: OidcIssuer;
  readonly keys: IssuerKeys;
}

export type Verified =
  | { readonly ok: true; readonly subject: Subject }
  /**
   * `sentence` may be told to whoever sent it, since the signature held; `why` is for the log. Neither holds a value of
   * the token.
   */
  | {
      readonly ok: false;
      readonly why: string;
      readonly sentence?: string;
      readonly issuer?: string;
      /** The token could not be judged: no keys are to be had. */
      readonly unavailable?: true;
    };

export interface VerifyOptions {
  readonly issuers: readonly TrustedIssuer[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** In characters. With its base64 it fits into the header that Basic credentials may have. */
const TOKEN_LENGTH = 6_000;
/** `ey` is how the brace begins that every header begins with: a password with two dots is none. */
const COMPACT = /^ey[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
/** Clocks differ. */
const LEEWAY_SECONDS = 60;
const HOUR_SECONDS = 3_600;

/** Whether a text has the form of a signed token; an empty signature (alg none) is not one. */
export function looksLikeToken(text: string): boolean {
  return text.length <= TOKEN_LENGTH && COMPACT.test(text);
}

export function createVerify({ issuers, now }: VerifyOptions) {
  /** Never throws. `user` is the name that was typed: an issuer's tokens count under its own names alone. */
  return async function verify(user: string, token: string): Promise<Verified> {
    const said = issuerOf(token);
    const found = issuers.find(({ settings }) => settings.issuer === said && settings.users.includes(user));
    if (found === undefined)
      return { ok: false, why: 'its issuer is none of those listed for this user name' };
    const { settings, keys } = found;
    const refuse = (why: string, sentence?: string): Verified => ({
      ok: false,
      why,
      issuer: settings.name,
      ...(sentence !== undefined && { sentence }),
    });
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, (header, input) => keys.find(plainHeader(header), input), {
        algorithms: [...settings.algorithms],
        issuer: settings.issuer,
        audience: [...settings.audiences],
        requiredClaims: ['exp', 'iat', settings.subject],
        clockTolerance: LEEWAY_SECONDS,
        currentDate: new Date(now()),
      }));
    } catch (error) {
      if (error instanceof IssuerProblem) return { ...refuse(error.message), unavailable: true } as Verified;
      const { code, message } = error as errors.JOSEError;
      return refuse(code ?? message, sentenceOf(error, settings));
    }
    const fault = faultOf(payload, settings, now() / 1000);
    if (fault !== undefined) return refuse(fault, fault);
    const read = readClaims(payload, settings);
    if (!read.ok) return refuse(read.why, read.why);
    const { name, groups, build, number, commit } = read.build;
    const run = {
      token: createHash('sha256').update(token).digest('hex'),
      ...(number !== undefined && { number }),
      ...(commit !== undefined && { commit }),
    };
    return { ok: true, subject: { name, kind: 'build', groups, method: 'oidc', build, run } };
  };
}

/** What the token says of its issuer, unproven. */
function issuerOf(token: string): string | undefined {
  if (!looksLikeToken(token)) return undefined;
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/**
 * @throws {errors.JOSEError} for a header that says it is no id token (RFC 8725 section 3.11: access tokens of the same issuer are
 *   typed), or brings a key of its own, which nobody vouches for.
 */
function plainHeader(header: ProtectedHeaderParameters): ProtectedHeaderParameters {
  const { typ, jwk, jku, x5u } = header;
  if (typ !== undefined && String(typ).toUpperCase() !== 'JWT')
    throw new errors.JWSInvalid('another type of token than an id token');
  if (jwk !== undefined || jku !== undefined || x5u !== undefined)
    throw new errors.JWSInvalid('a header with a key of its own');
  return header;
}

/** For whoever sent it: only what is known after the signature held. */
function sentenceOf(error: unknown, { name }: OidcIssuer): string | undefined {
  if (error instanceof errors.JWTExpired)
    return `the token of ${name} has expired; the build needs a new one`;
  if (!(error instanceof errors.JWTClaimValidationFailed)) return undefined;
  if (error.claim === 'aud')
    return `the token of ${name} is for another audience; this registry’s stands in its settings`;
  return `the claim ${error.claim} of the token of ${name} is not as it must be`;
}

/** What jose does not look at. */
function faultOf(payload: JWTPayload, settings: OidcIssuer, second: number): string | undefined {
  const { aud, iat = 0, exp = 0 } = payload;
  const { name, audiences, maximumHours } = settings;
  // Core section 3.1.3.7, 3: whoever else it was made for could use it here.
  if (![aud ?? []].flat().every((one) => audiences.includes(one)))
    return `the token of ${name} is for other audiences besides`;
  if (iat > second + LEEWAY_SECONDS) return `the token of ${name} says that it was made in the future`;
  if (exp <= iat || exp - iat > maximumHours * HOUR_SECONDS)
    return `the token of ${name} was made for longer than ${maximumHours} hours`;
  return undefined;
}
