/**
 * The tokens that clients get: signed and verified here, believed by nobody else.
 *
 * They are JWTs with a key and an audience of their own; the registry behind knows neither. A token says who asked,
 * from where, and the most that it may be used for.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8725
 */
import { hash } from 'node:crypto';
import jwt from 'jsonwebtoken';
import type { Bounds, Subject, Via } from '../policy/facts.ts';
import { type Access, onlyPulls } from './access.ts';
import { createBoundedMap } from './bounded-map.ts';
import { ClientClaims } from './client-claims.ts';
import type { SigningKey } from './keys.ts';
import { jwtHeader, signJwt } from './sign-jwt.ts';

export interface ClientTokenOptions {
  /**
   * Of this moment. The first signs; all verify, so that a new key can take over while tokens of the old one are about.
   * The same array as long as nothing changed.
   */
  readonly keys: () => readonly [SigningKey, ...SigningKey[]];
  readonly issuer: string;
  readonly audience: string;
  /** What these tokens are for; those of another use are invalid here even with the same audience. */
  readonly use: 'registry' | 'api';
  /** From signing to expiry. */
  readonly lifetimeSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export interface ClientTokenRequest {
  readonly subject: Subject;
  /** Canonical address that asks. */
  readonly address: string;
  readonly access: readonly Access[];
  /** By what it was got, beyond a password or an id token. */
  readonly via?: Via | undefined;
  /** When who asks has proved who they are, in milliseconds since 1970; now unless told. */
  readonly authenticatedAt?: number | undefined;
  /** When that proof ends: no token is good for longer. In milliseconds since 1970. */
  readonly notAfter?: number | undefined;
}

export interface SignedToken {
  readonly token: string;
  readonly jti: string;
  /** For `expires_in`: how long from now the token is good for, in whole seconds. */
  readonly expiresInSeconds: number;
}

/** A token that was found to be ours, in time and unaltered. An upper bound of rights, never a decision. */
export interface ClientToken {
  readonly subject: Subject;
  readonly jti: string;
  /** Where it was fetched. */
  readonly address: string;
  readonly access: readonly Access[];
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
  /** When who has it proved who they are: not after `issuedAt`. Seconds since 1970. */
  readonly authenticatedAt: number;
  readonly via: Via;
}

export interface ClientTokens {
  sign(request: ClientTokenRequest): SignedToken;
  /** Never throws: whatever is not wholly as it should be is invalid. */
  verify(token: string): ClientToken | 'invalid';
}

/** Before anything is parsed. Sixteen repositories with long names fit into a tenth of it. */
export const TOKEN_LIMIT = 32 * 1024;
/** Clocks differ. The registry grants the same, both ways. */
export const LEEWAY_SECONDS = 60;
const BACKDATE_SECONDS = 10;
const JTI_BYTES = 16;
const VERIFIED_LIMIT = 10_000;
/** In characters. A larger token is checked each time: what is remembered is bounded in bytes, whoever asks for what. */
const REMEMBER_LENGTH = 4096;
const REUSE_LIMIT = 1_000;

/** Base64url parts; an empty signature (alg none) is not one. */
const COMPACT = /^([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

export function createClientTokens(options: ClientTokenOptions): ClientTokens {
  const { keys, issuer, audience, use, lifetimeSeconds, now, random } = options;
  /** SHA-256 of a verified token -> what it says. A token in memory would be a secret more to lose. */
  const verified = createBoundedMap<{ readonly token: ClientToken; readonly kid: string }>(VERIFIED_LIMIT);
  /** What was signed in the current second without rights to write: parallel layers ask for it again and again. */
  const signed = createBoundedMap<{ readonly second: number; readonly token: SignedToken }>(REUSE_LIMIT);

  const headers = new WeakMap<SigningKey, string>();

  let known: ReturnType<typeof keys> | undefined;
  let keyById: ReadonlyMap<string, SigningKey> = new Map();
  function keysById(): ReadonlyMap<string, SigningKey> {
    const list = keys();
    if (list !== known) keyById = new Map(list.map((key) => [key.kid, key]));
    known = list;
    return keyById;
  }

  const nowSeconds = (): number => Math.floor(now() / 1000);

  function signAnew(request: ClientTokenRequest, second: number): SignedToken {
    const { subject, address, access, via, authenticatedAt, notAfter } = request;
    const authTime = authenticatedAt === undefined ? second : Math.floor(authenticatedAt / 1000);
    const end = Math.min(second + lifetimeSeconds, Math.floor((notAfter ?? Infinity) / 1000));
    const jti = Buffer.from(random(JTI_BYTES)).toString('base64url');
    const claims: ClientClaims = {
      iss: issuer,
      aud: audience,
      sub: subject.name,
      exp: end,
      nbf: second - BACKDATE_SECONDS,
      iat: second,
      ...(authTime < second && { auth_time: authTime }),
      jti,
      use,
      access: access.map(
        ({ type, name, actions }) => ({ type, name, actions: [...actions] }) as ClientClaims['access'][0],
      ),
      warden: {
        kind: subject.kind,
        groups: [...subject.groups],
        method: subject.method,
        ip: address,
        ...(via && Object.keys(via).length > 0 && { via }),
        ...(subject.build && { build: { ...subject.build, issuer: subject.build.issuer ?? '' } }),
        ...(subject.run && { run: subject.run }),
        ...(subject.approved && { approved: true as const }),
        ...(subject.bounds && { bounds: boundsClaim(subject.bounds) }),
      },
    };
    const [signingKey] = keys();
    const header = headers.get(signingKey) ?? jwtHeader(signingKey);
    headers.set(signingKey, header);
    const token = signJwt(header, claims, signingKey);
    return { token, jti, expiresInSeconds: Math.max(0, end - second) };
  }

  /** The claims, if the signature of one of our keys is on them and they are of our making. */
  function readClaims(token: string): { readonly claims: ClientClaims; readonly kid: string } | undefined {
    const header = COMPACT.exec(token)?.[1];
    const key = header === undefined ? undefined : keyOfHeader(header, keysById());
    if (!key) return undefined;
    try {
      const payload = jwt.verify(token, key.publicKey, {
        algorithms: [key.algorithm],
        issuer,
        audience,
        clockTolerance: LEEWAY_SECONDS,
        clockTimestamp: nowSeconds(),
      });
      const claims = ClientClaims.safeParse(payload).data;
      return claims && { claims, kid: key.kid };
    } catch {
      // Every way of being wrong is the same answer; which one it was helps only whoever made it.
      return undefined;
    }
  }

  function inTime({ issuedAt, expiresAt }: ClientToken): boolean {
    const second = nowSeconds();
    return second < expiresAt + LEEWAY_SECONDS && issuedAt <= second + LEEWAY_SECONDS;
  }

  return {
    sign(request) {
      const second = nowSeconds();
      if (!onlyPulls(request.access)) return signAnew(request, second);
      const { subject, address, access, via, authenticatedAt, notAfter } = request;
      const key = JSON.stringify([subject, address, access, via, authenticatedAt, notAfter]);
      const before = signed.get(key);
      if (before?.second === second) return before.token;
      const token = signAnew(request, second);
      if (token.token.length <= REMEMBER_LENGTH) signed.set(key, { second, token });
      return token;
    },
    verify(token) {
      if (token.length > TOKEN_LIMIT) return 'invalid';
      const digest = hash('sha256', token, 'base64');
      const before = verified.get(digest);
      if (before) {
        if (inTime(before.token) && keysById().has(before.kid)) return before.token;
        verified.delete(digest);
        return 'invalid';
      }
      const { claims, kid } = readClaims(token) ?? {};
      if (!claims || !kid || claims.aud !== audience || claims.use !== use) return 'invalid';
      const { sub, jti, access, iat, exp, auth_time, warden } = claims;
      if ((warden.kind === 'anonymous') !== (sub === '')) return 'invalid';
      const { kind, groups, method, ip, via, build, run, approved, bounds } = warden;
      if ((kind === 'build') !== (build !== undefined)) return 'invalid';
      // Who logged in as a robot or with a grant has bounds, and nobody else.
      if ((method === 'robot' || method === 'grant') !== (bounds !== undefined)) return 'invalid';
      if (approved === true && method !== 'grant') return 'invalid';
      const read: ClientToken = {
        subject: {
          ...{ name: sub, kind, groups, method },
          ...(build && { build }),
          ...(run && { run }),
          ...(approved && { approved }),
          ...(bounds && { bounds }),
        },
        jti,
        address: ip,
        access,
        issuedAt: iat,
        expiresAt: exp,
        authenticatedAt: Math.min(iat, auth_time ?? iat),
        via: via ?? {},
      };
      if (!inTime(read)) return 'invalid';
      if (token.length <= REMEMBER_LENGTH) verified.set(digest, { token: read, kid });
      return read;
    },
  };
}

/** The same, in lists of its own: a claim is not frozen. */
function boundsClaim({
  repositories,
  actions,
  tags,
  addresses,
}: Bounds): NonNullable<ClientClaims['warden']['bounds']> {
  return {
    repositories: [...repositories],
    actions: [...actions],
    ...(tags && { tags: [...tags] }),
    ...(addresses && { addresses: [...addresses] }),
  };
}

/**
 * The key that a header names, if the header is one of ours: exactly `typ`, `alg` and `kid`. A header that brings a key
 * of its own (`jwk`, `x5c`, `jku`, `x5u`) or asks for an extension (`crit`) is none.
 */
function keyOfHeader(encoded: string, keyById: ReadonlyMap<string, SigningKey>): SigningKey | undefined {
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null || Object.keys(header).length !== 3) return undefined;
  const { typ, alg, kid } = header as {
    readonly typ?: unknown;
    readonly alg?: unknown;
    readonly kid?: unknown;
  };
  const key = typeof kid === 'string' ? keyById.get(kid) : undefined;
  return key && typ === 'JWT' && alg === key.algorithm ? key : undefined;
}
