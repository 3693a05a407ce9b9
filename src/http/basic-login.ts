/** Credentials of a request to the application: who it is, with the same limits and the same record wherever one logs in. */
import { type ErrorName, WardenError } from '../errors.ts';
import type { Client } from '../gate/exchange.ts';
import type { LoginOutcome, PasswordMethod } from '../identity/login.ts';
import { ANONYMOUS, type Subject, type Via } from '../policy/facts.ts';

/** A login that succeeded. `credential` changes when the password does; sessions are bound to it. */
export interface LoggedIn {
  readonly subject: Subject;
  readonly credential: string;
  /**
   * The name that was typed. That of the subject may be another: a directory has a spelling of its own, and builds log in
   * under a name that says only how.
   */
  readonly account: string;
  /** By what it was, beyond a password or an id token. */
  readonly via?: Via;
  /** When they proved who they are, where that was not now. Milliseconds since 1970. */
  readonly authenticatedAt?: number;
  /** When the credential ends by itself. Milliseconds since 1970. */
  readonly notAfter?: number;
}

export interface LoginDeps {
  /** @throws {WardenError} TOO_MANY_REQUESTS, OVERLOADED, DIRECTORY_UNAVAILABLE. */
  readonly login: (credentials: {
    readonly user: string;
    readonly password: string;
    readonly address: string;
  }) => Promise<LoginOutcome>;
  /** Strictly RFC 7617. */
  readonly parseBasic: (header: string) => { readonly user: string; readonly password: string } | 'malformed';
  /** Counts a failure for the record. Never throws. */
  readonly loginFailed: (facts: LoginFailure) => void;
}

/** What may be recorded of a login that failed. */
export interface LoginFailure {
  /** Never what was typed for it: people put passwords and tokens into that field. Unknown while nobody looked the name up. */
  readonly user:
    | { readonly exists: true; readonly name: string; readonly method: PasswordMethod }
    /** Absent: builds send id tokens, people passwords. */
    | { readonly exists: false; readonly method: 'password' | 'oidc'; readonly kind?: 'person' }
    | undefined;
  readonly client: Client;
  readonly userAgent: string | undefined;
  readonly reason: ErrorName;
}

/** What came with a request. */
export interface Presented {
  readonly client: Client;
  readonly authorization: string | undefined;
  readonly userAgent: string | undefined;
}

/**
 * @returns the anonymous subject where no credentials were sent.
 * @throws {WardenError} CREDENTIALS_REFUSED for any that do not hold: never an anonymous answer to a wrong password, since
 *   `docker login` takes that for success. CREDENTIALS_EXPOSED where they came in the clear.
 */
export async function loginWithHeader(deps: LoginDeps, presented: Presented): Promise<LoggedIn> {
  if (presented.authorization === undefined) return { subject: ANONYMOUS, credential: '', account: '' };
  const basic = deps.parseBasic(presented.authorization);
  if (basic === 'malformed') throw new WardenError('CREDENTIALS_REFUSED');
  return loginWithPassword(deps, presented, basic);
}

/** @throws {WardenError} as loginWithHeader. */
export async function loginWithPassword(
  deps: LoginDeps,
  { client, userAgent }: Presented,
  { user, password }: { readonly user: string; readonly password: string },
): Promise<LoggedIn> {
  if (!client.confidential) throw new WardenError('CREDENTIALS_EXPOSED');
  let found: LoginOutcome;
  try {
    found = await deps.login({ user, password, address: client.address });
  } catch (error) {
    if ((error as WardenError).name === 'TOO_MANY_REQUESTS') {
      deps.loginFailed({ user: undefined, client, userAgent, reason: 'TOO_MANY_REQUESTS' });
    }
    throw error;
  }
  if (found.ok) return { ...found, account: user };
  deps.loginFailed({ user: knownOf(found), client, userAgent, reason: 'CREDENTIALS_REFUSED' });
  const sentence = 'sentence' in found ? found.sentence : undefined;
  throw new WardenError('CREDENTIALS_REFUSED', { ...(sentence !== undefined && { sentence }) });
}

function knownOf(failed: Extract<LoginOutcome, { readonly ok: false }>): LoginFailure['user'] {
  if (failed.reason === 'wrong password') return { exists: true, name: failed.name, method: failed.method };
  if (failed.reason === 'grant refused') return { exists: true, name: failed.name, method: 'grant' };
  return { exists: false, method: failed.reason === 'token refused' ? 'oidc' : 'password' };
}
