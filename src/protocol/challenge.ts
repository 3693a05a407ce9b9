/**
 * The Bearer challenge: where a client gets its token, for which service, with which scope.
 *
 * Exactly one challenge leaves Warden: a second one (Basic) breaks docker 20 and 28.
 *
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */

export interface Challenge {
  /** Absolute, on the scheme, host and port that users type: clients refuse a realm elsewhere. */
  readonly realm: string;
  readonly service: string;
  /** Absent at `/v2/`. Several resources are separated by a space. */
  readonly scope?: string;
  /** `invalid_token`: one was sent and is bad. `insufficient_scope`: it is valid and too small. Absent: none was sent. */
  readonly error?: 'invalid_token' | 'insufficient_scope';
}

export function writeChallenge({ realm, service, scope, error }: Challenge): string {
  const parts = [`realm=${quoted(realm)}`, `service=${quoted(service)}`];
  if (scope !== undefined) parts.push(`scope=${quoted(scope)}`);
  if (error !== undefined) parts.push(`error=${quoted(error)}`);
  return `Bearer ${parts.join(',')}`;
}

/** RFC 9110, section 5.6.4. What is not printable ASCII has no place in a challenge and is dropped. */
function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}

/** The token of an `Authorization: Bearer` header; the scheme is case-insensitive. @returns undefined for anything else. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(authorization ?? '')?.[1];
}
