/** Public keys as a JSON Web Key Set. @see https://www.rfc-editor.org/rfc/rfc7517#section-5 */
import type { SigningKey } from './keys.ts';

export interface Jwks {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

/** Nothing of a private key: only what the public one exports. */
export function jwksOf(keys: readonly Pick<SigningKey, 'publicKey' | 'kid' | 'algorithm'>[]): Jwks {
  return {
    keys: keys.map(({ publicKey, kid, algorithm }) => ({
      ...publicKey.export({ format: 'jwk' }),
      kid,
      alg: algorithm,
      use: 'sig',
    })),
  };
}
