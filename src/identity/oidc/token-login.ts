/**
 * Logging in with the id token of a build as password.
 *
 * A token that holds is taken whatever has failed before: it cannot be guessed, so failures of one job at a host must not
 * keep the others there out. What does not hold is counted by address, apart from passwords.
 */
import { WardenError } from '../../errors.ts';
import { networkOf } from '../../policy/address.ts';
import type { Limit } from '../../state/limits.ts';
import type { Login, LoginAttempt, LoginOutcome } from '../login.ts';
import { looksLikeToken, type Verified } from './verify.ts';

export interface TokenLoginDeps {
  /** The names under which tokens are taken. */
  readonly users: ReadonlySet<string>;
  readonly verify: (user: string, token: string) => Promise<Verified>;
  readonly byAddress: Limit;
  /** Told of each token that does not hold, and why, while the address may fail on. */
  readonly onRefused: (facts: {
    readonly issuer: string | undefined;
    readonly why: string;
    readonly address: string;
  }) => void;
  /** Everyone else logs in there. */
  readonly otherwise: Login['login'];
}

/** @returns a login that takes tokens under their names, and leaves all else, also under these names, to the other. */
export function createTokenLogin(deps: TokenLoginDeps): Login['login'] {
  const { users, verify, byAddress, onRefused, otherwise } = deps;
  return async function login(attempt: LoginAttempt): Promise<LoginOutcome> {
    const { user, password, address } = attempt;
    if (!users.has(user) || !looksLikeToken(password)) return otherwise(attempt);
    const found = await verify(user, password);
    // Bound to nothing that could be used again: builds get no refresh token.
    if (found.ok) return { ok: true, subject: found.subject, credential: '' };
    const { why, issuer, unavailable, sentence } = found;
    if (unavailable) {
      throw new WardenError('ISSUER_UNAVAILABLE', {
        sentence: `the keys of the issuer ${issuer} cannot be had, so its tokens cannot be checked; other logins and pulls go on`,
      });
    }
    const allowance = await byAddress.take(networkOf(address));
    if (!allowance.ok) {
      const headers = { 'Retry-After': String(allowance.retryAfterSeconds) };
      throw new WardenError('TOO_MANY_REQUESTS', { headers });
    }
    onRefused({ issuer, why, address });
    return { ok: false, reason: 'token refused', ...(sentence !== undefined && { sentence }) };
  };
}
