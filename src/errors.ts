/**
 * Every refusal Warden can answer with, in one table.
 *
 * `code` is the distribution-spec error code that the client sees, `status` the HTTP status. The key is ours and is
 * stable across releases: logs, metrics and docs/errors.md speak of it. Clients show people the message alone
 * (docker, skopeo and podman drop `detail`), so what a person must read goes there.
 *
 * Pushing clients treat any code other than UNAUTHORIZED, DENIED, UNSUPPORTED and TOOMANYREQUESTS as temporary and
 * retry for most of a minute without a word, so refusals that a person should read use only these.
 *
 * @see https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes
 */
export const catalogue = {
  REQUEST_MALFORMED: {
    status: 400,
    code: 'UNSUPPORTED',
    message: 'the request cannot be read in one way only',
  },
  TARGET_TOO_LONG: { status: 414, code: 'UNSUPPORTED', message: 'the address is longer than the limit' },
  BODY_UNEXPECTED: { status: 400, code: 'UNSUPPORTED', message: 'this request carries no body' },
  BODY_TYPE_REFUSED: { status: 415, code: 'UNSUPPORTED', message: 'a form is not accepted here' },
  REQUEST_STALLED: { status: 408, code: 'UNSUPPORTED', message: 'the body did not come in time' },
  BODY_TOO_LARGE: { status: 413, code: 'SIZE_INVALID', message: 'the body is larger than the limit' },
  ROUTE_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN', message: 'no such registry address' },
  UPLOAD_UNKNOWN: { status: 404, code: 'BLOB_UPLOAD_UNKNOWN', message: 'no such upload of yours' },
  LOG_PART_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN', message: 'the signed log has no such part' },
  MANIFEST_UNKNOWN: { status: 404, code: 'MANIFEST_UNKNOWN', message: 'no such manifest' },
  METHOD_UNSUPPORTED: { status: 405, code: 'UNSUPPORTED', message: 'the method is not offered here' },
  SCOPE_MALFORMED: { status: 400, code: 'UNSUPPORTED', message: 'the scope parameter cannot be parsed' },
  SERVICE_UNKNOWN: {
    status: 400,
    code: 'UNSUPPORTED',
    message: 'this token server does not serve that service',
  },
  GRANT_UNSUPPORTED: { status: 400, code: 'UNSUPPORTED', message: 'the grant_type is not offered' },
  FILTER_MALFORMED: { status: 400, code: 'UNSUPPORTED', message: 'a filter of the question cannot be read' },
  ENTRY_UNKNOWN: { status: 404, code: 'NAME_UNKNOWN', message: 'there is no such robot or grant' },
  NAME_TAKEN: { status: 409, code: 'UNSUPPORTED', message: 'the name belongs to somebody already' },
  GRANT_ENDED: { status: 409, code: 'UNSUPPORTED', message: 'the grant is not in a state for this' },
  NOT_ON_RECORD: { status: 404, code: 'MANIFEST_UNKNOWN', message: 'no such push is on record' },
  DIGEST_MISMATCH: {
    status: 400,
    code: 'DIGEST_INVALID',
    message: 'the content does not have the digest in its address',
  },
  MANIFEST_REFUSED: { status: 400, code: 'MANIFEST_INVALID', message: 'the manifest is not acceptable' },
  CREDENTIALS_REFUSED: { status: 401, code: 'UNAUTHORIZED', message: 'user name or password refused' },
  CREDENTIALS_EXPOSED: {
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'credentials are accepted only over TLS: use the https address of this registry',
  },
  TOKEN_MISSING: { status: 401, code: 'UNAUTHORIZED', message: 'authentication required' },
  TOKEN_INVALID: {
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'the token is not valid here, or has expired',
  },
  TOKEN_REVOKED: {
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'this login was ended; log in again',
  },
  TOKEN_INSUFFICIENT: { status: 401, code: 'UNAUTHORIZED', message: 'the token does not cover this request' },
  POLICY_DENIED: { status: 403, code: 'DENIED', message: 'refused by policy' },
  GRANT_SPENT: { status: 403, code: 'DENIED', message: 'the push grant is worth nothing any more' },
  GRANTS_UNAVAILABLE: {
    status: 403,
    code: 'DENIED',
    message: 'pushes with a grant are paused: the grants cannot be read; other pushes and pulls go on',
  },
  RECORD_UNAVAILABLE: {
    status: 403,
    code: 'DENIED',
    message: 'pushes are paused: the push record cannot be written; pulls go on',
  },
  RECORD_UNREADABLE: {
    status: 503,
    code: 'UNAVAILABLE',
    message: 'the record cannot be read now: its disk or its database is in trouble; pulls go on',
  },
  REVOCATIONS_STALE: {
    status: 403,
    code: 'DENIED',
    message: 'pushes are paused: it cannot be told whose logins were ended; pulls go on',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    code: 'TOOMANYREQUESTS',
    message: 'too many failed logins; wait and try again',
  },
  ISSUER_UNAVAILABLE: {
    status: 503,
    code: 'UNAVAILABLE',
    message: 'the keys of the issuer of this token cannot be had',
  },
  REGISTRY_UNAVAILABLE: { status: 503, code: 'UNAVAILABLE', message: 'the registry does not answer' },
  REGISTRY_MISBEHAVED: {
    status: 502,
    code: 'UNAVAILABLE',
    message: 'the registry gave an answer that cannot be passed on',
  },
  OUTCOME_UNKNOWN: {
    status: 503,
    code: 'UNAVAILABLE',
    message: 'the registry did not say whether it stored the manifest; push again',
  },
  DIRECTORY_UNAVAILABLE: {
    status: 503,
    code: 'UNAVAILABLE',
    message:
      'logins cannot be checked now: the directory of users does not answer; pulls without a login go on',
  },
  OVERLOADED: { status: 503, code: 'UNAVAILABLE', message: 'too many logins at once; try again' },
  INTERNAL: { status: 500, code: 'UNKNOWN', message: 'internal error' },
} as const satisfies Record<string, { status: number; code: string; message: string }>;

export type ErrorName = keyof typeof catalogue;

/** The only error class that crosses rooms. Anything else that reaches a client is a defect: 500. */
export class WardenError extends Error {
  override readonly name: ErrorName;
  /** Headers that belong to this answer: a challenge, `Allow`, `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;

  /** `sentence` replaces the table's message where more can be said. It reaches the client: never secrets, never upstream text. */
  constructor(
    name: ErrorName,
    options: { sentence?: string; headers?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(
      options.sentence ?? catalogue[name].message,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = name;
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return catalogue[this.name].status;
  }

  /** The body of a distribution error answer: one error, no `detail` (a second field replaces the message in docker and skopeo). */
  toBody(): { errors: [{ code: string; message: string }] } {
    return { errors: [{ code: catalogue[this.name].code, message: this.message }] };
  }

  /** The same for programs of the API, which may go by the name of the error. */
  toNamedBody(): { errors: [{ code: string; message: string; detail: { error: ErrorName } }] } {
    const [error] = this.toBody().errors;
    return { errors: [{ ...error, detail: { error: this.name } }] };
  }
}
