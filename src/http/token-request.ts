/**
 * Reads a request to the token endpoint, in both of its forms, into one shape. Pure.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 * @see https://distribution.github.io/distribution/spec/auth/oauth/
 */
import { WardenError } from '../errors.ts';
import { parseScopes, type Scope } from '../protocol/scope.ts';

export interface TokenRequest {
  readonly service: string;
  readonly scopes: readonly Scope[];
  /** Whether a refresh token is asked for. */
  readonly offline: boolean;
  readonly clientId: string | undefined;
  readonly credentials: /** GET: whatever the Authorization header says, anonymous included. `account` must agree with it. */
    | { readonly kind: 'header'; readonly account: string | undefined }
    | { readonly kind: 'password'; readonly user: string; readonly password: string }
    | { readonly kind: 'refresh'; readonly token: string };
}

/** @throws {WardenError} REQUEST_MALFORMED, SCOPE_MALFORMED */
export function readTokenQuery(query: string): TokenRequest {
  const parameters = new URLSearchParams(query);
  const account = once(parameters, 'account');
  return {
    ...common(parameters),
    offline: once(parameters, 'offline_token') === 'true',
    credentials: { kind: 'header', account },
  };
}

/** @throws {WardenError} REQUEST_MALFORMED, SCOPE_MALFORMED, GRANT_UNSUPPORTED */
export function readTokenForm(form: string): TokenRequest {
  const parameters = new URLSearchParams(form);
  const grant = once(parameters, 'grant_type');
  const offline = once(parameters, 'access_type') === 'offline';
  if (grant === 'password') {
    const user = required(parameters, 'username');
    const password = required(parameters, 'password');
    return { ...common(parameters), offline, credentials: { kind: 'password', user, password } };
  }
  if (grant === 'refresh_token') {
    const token = required(parameters, 'refresh_token');
    return { ...common(parameters), offline: false, credentials: { kind: 'refresh', token } };
  }
  throw new WardenError('GRANT_UNSUPPORTED', { sentence: 'grant_type must be password or refresh_token' });
}

function common(parameters: URLSearchParams): Pick<TokenRequest, 'service' | 'scopes' | 'clientId'> {
  const scopes = parseScopes(parameters.getAll('scope'));
  if (!scopes.ok) throw new WardenError('SCOPE_MALFORMED', { sentence: scopes.reason });
  const clientId = once(parameters, 'client_id')
    ?.slice(0, 128)
    .replace(/[^\x20-\x7e]/g, '?');
  return { service: required(parameters, 'service'), scopes: scopes.scopes, clientId };
}

function once(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) {
    throw new WardenError('REQUEST_MALFORMED', { sentence: `the parameter ${name} is given more than once` });
  }
  return values[0];
}

function required(parameters: URLSearchParams, name: string): string {
  const value = once(parameters, name);
  if (value === undefined)
    throw new WardenError('REQUEST_MALFORMED', { sentence: `the parameter ${name} is missing` });
  return value;
}
