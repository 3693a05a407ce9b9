/**
 * The tokens that the registry gets with each request: signed with the key that it trusts, for what was just decided
 * and nothing more. Clients never see them.
 *
 * The certificate travels in the header `x5c`, and there is no `kid`: this one form is accepted by docker-registry 2.8
 * and by distribution 3 with the same rootcertbundle. Distribution 3 with a JWKS and no bundle takes `kid` alone: a present
 * `x5c` is looked at first, and refused.
 *
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
import jwt from 'jsonwebtoken';
import type { Access } from './access.ts';
import { createBoundedMap } from './bounded-map.ts';
import type { SigningKey } from './keys.ts';

export interface UpstreamTokenOptions {
  /** Of this moment; the same object as long as nothing changed. `x5c`: standard base64 of the DER, leaf first. */
  readonly signer: () => { readonly key: SigningKey; readonly x5c: readonly string[] };
  /** Whether tokens name their key by its certificate, or by its name in the registry's JWKS; `x5c` unless told. */
  readonly keyHeader?: 'x5c' | 'kid';
  /** `auth.token.issuer` of the registry. */
  readonly issuer: string;
  /** `auth.token.service` of the registry. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** That many random bytes. */
  readonly random: (bytes: number) => Uint8Array;
}

export interface UpstreamTokens {
  /**
   * For exactly this access: one repository, a second one to mount from, or the catalogue; none at all lets Warden ask
   * whether the registry trusts its key. `subject` is the user's name, '' for anonymous: the registry has it in its log
   * and notifications.
   */
  sign(subject: string, access: readonly Access[]): string;
}

const LIFETIME_SECONDS = 300;
/** A token in use has at least the difference left, and the registry's leeway of a minute on top. */
const REMEMBER_SECONDS = 60;
const REMEMBER_LIMIT = 5_000;
const BACKDATE_SECONDS = 10;

export function createUpstreamTokens(options: UpstreamTokenOptions): UpstreamTokens {
  const { signer, keyHeader = 'x5c', issuer, service, now, random } = options;
  const remembered = createBoundedMap<{
    readonly token: string;
    readonly since: number;
    readonly by: string;
  }>(REMEMBER_LIMIT);

  return {
    sign(subject, access) {
      const second = Math.floor(now() / 1000);
      const name = JSON.stringify([subject, access]);
      const before = remembered.get(name);
      // Both ways: a clock that was set back must not keep a token for ever.
      const { key, x5c } = signer();
      if (before?.by === key.kid && Math.abs(second - before.since) < REMEMBER_SECONDS) return before.token;
      const claims = {
        iss: issuer,
        // A text, since docker-registry 2.8 refuses a list.
        aud: service,
        sub: subject,
        exp: second + LIFETIME_SECONDS,
        nbf: second - BACKDATE_SECONDS,
        iat: second,
        jti: Buffer.from(random(16)).toString('base64url'),
        access,
      };
      const token = jwt.sign(claims, key.privateKey, {
        algorithm: key.algorithm,
        header: {
          ...{ alg: key.algorithm, typ: 'JWT' },
          ...(keyHeader === 'kid' ? { kid: key.kid } : { x5c: [...x5c] }),
        },
      });
      remembered.set(name, { token, since: second, by: key.kid });
      return token;
    },
  };
}
