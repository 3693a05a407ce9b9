/** Tokens and logins that last, as the API declares them. */
import { z } from 'zod';
import { parameter } from '../../audit/parameters.ts';
import type { Operations } from './operation.ts';
import { listOf, moment, number } from './shared.ts';

export const ENDED_KINDS = ['subject', 'session', 'token', 'robot', 'grant', 'checks'] as const;

const ID = /^[\x21-\x7e]{1,255}$/;
const ended = z
  .strictObject({
    kind: z
      .enum(ENDED_KINDS, { error: `expected one of ${ENDED_KINDS.join(', ')}` })
      .describe('what is ended; `checks` has every instance forget the password checks that it remembers'),
    id: z
      .string()
      .regex(ID, { error: 'expected 1 to 255 printable characters without blanks' })
      .describe('its name or id; none for `checks`')
      .exactOptional(),
  })
  .superRefine(({ kind, id }, context) => {
    const report = (message: string) => context.addIssue({ code: 'custom', path: ['id'], message });
    if (kind === 'checks' && id !== undefined) report('checks has none');
    if (kind !== 'checks' && id === undefined) report(`expected the name or id of the ${kind}`);
  });

export const session = z.strictObject({
  id: z.string(),
  subject: z.string(),
  service: z.string(),
  clientId: z.string().describe('claimed by the client'),
  startAddress: z.string(),
  useAddress: z.string(),
  via: z
    .strictObject({
      session: z.string().exactOptional(),
      robot: z.string().exactOptional(),
      grant: z.string().exactOptional(),
    })
    .describe('the robot or grant that it was begun by')
    .exactOptional(),
  started: moment,
  used: moment,
});

const whose = z.strictObject({
  all: parameter('true: of everybody', 'true or false', (text) =>
    text === 'true' ? true : text === 'false' ? false : undefined,
  ),
  subject: parameter('of this user', 'the name of a user', (text) => text),
});

const tokenAnswer = z.strictObject({
  token: z.string(),
  access_token: z.string().describe('the same'),
  expires_in: z.int().min(1).describe('seconds'),
  scope: z.string().describe('what policy could grant of what was asked'),
  refresh_token: z.string().exactOptional(),
});
const scope = z
  .union([z.string(), z.array(z.string())])
  .describe('type:name:actions; may be repeated')
  .optional();
/** What is read of it is read more closely: see token-request. */
const tokenQuery = z.strictObject({
  service: z.string().describe('the registry as its clients know it, or the API'),
  scope,
  account: z.string().describe('must agree with the login').optional(),
  offline_token: z.string().describe('true: a refresh token is wanted').optional(),
  client_id: z.string().optional(),
});
const tokenForm = z.strictObject({
  grant_type: z.enum(['password', 'refresh_token']),
  service: z.string(),
  scope,
  client_id: z.string().optional(),
  access_type: z.string().describe('offline: a refresh token is wanted').optional(),
  username: z.string().describe('of grant_type password').optional(),
  password: z.string().describe('of grant_type password').optional(),
  refresh_token: z.string().describe('of grant_type refresh_token').optional(),
});

const jwk = z.strictObject({
  kty: z.string(),
  kid: z.string(),
  alg: z.string(),
  use: z.literal('sig'),
  crv: z.string().exactOptional(),
  x: z.string().exactOptional(),
  y: z.string().exactOptional(),
  n: z.string().exactOptional(),
  e: z.string().exactOptional(),
});

const logins = { group: 'logins', access: 'login' } as const;
const tokens = { group: 'logins', access: 'credentials' } as const;
const form = 'application/x-www-form-urlencoded';

/** Served by the server itself, past the router: nothing else is asked so often. */
export const tokenOperations = {
  getToken: {
    ...tokens,
    route: 'token',
    method: 'GET',
    path: '/token',
    summary: 'a token for a registry client or for the API',
    description:
      'As docker and its kin ask for it: with Basic credentials, or without any for what everybody may. A token for the API is asked for with the service of the API and no scope.',
    query: tokenQuery,
    answer: { status: 200, json: tokenAnswer },
    errors: ['REQUEST_MALFORMED', 'SCOPE_MALFORMED', 'SERVICE_UNKNOWN'],
  },
  postToken: {
    ...tokens,
    route: 'token',
    method: 'POST',
    path: '/token',
    summary: 'a token for a user and password, or for a refresh token',
    body: { type: form, schema: tokenForm },
    answer: { status: 200, json: tokenAnswer },
    errors: ['REQUEST_MALFORMED', 'SCOPE_MALFORMED', 'SERVICE_UNKNOWN', 'GRANT_UNSUPPORTED'],
  },
} as const satisfies Operations;

export const loginOperations = {
  revokeToken: {
    ...tokens,
    route: 'token-revoke',
    method: 'POST',
    path: '/token/revoke',
    summary: 'gives a token back; a refresh token ends with all that was got by it',
    description: 'RFC 7009. Whoever has the token may end it.',
    body: {
      type: form,
      schema: z.strictObject({ token: z.string(), token_type_hint: z.string().optional() }),
    },
    answer: { status: 200, json: z.strictObject({}) },
    errors: ['REQUEST_MALFORMED', 'RECORD_UNAVAILABLE'],
  },
  publishKeys: {
    group: 'logins',
    access: 'public',
    route: 'jwks',
    method: 'GET',
    head: true,
    path: '/.well-known/jwks.json',
    summary: "the public keys of clients' tokens, those to come included",
    answer: { status: 200, json: z.strictObject({ keys: z.array(jwk) }) },
    errors: [],
  },
  listSessions: {
    ...logins,
    route: 'sessions',
    method: 'GET',
    path: '/api/v1/sessions',
    summary: "logins that last: one's own; those of others for whom a rule allows `sessions`",
    query: whose,
    answer: { status: 200, json: listOf(session) },
    errors: ['POLICY_DENIED'],
  },
  endSession: {
    ...logins,
    route: 'sessions',
    method: 'DELETE',
    path: '/api/v1/sessions/{id}',
    parts: { id: 'of the session' },
    summary: 'ends one login',
    answer: { status: 204 },
    errors: ['ROUTE_UNKNOWN', 'RECORD_UNAVAILABLE'],
  },
  endLogins: {
    ...logins,
    route: 'revocations',
    method: 'POST',
    path: '/api/v1/revocations',
    summary: 'ends all logins of a user, or what else it names',
    body: { type: 'application/json', schema: ended, limit: 4096 },
    answer: {
      status: 200,
      json: z.strictObject({ sessions: number.describe('refresh tokens that ended with it') }),
    },
    errors: ['POLICY_DENIED', 'RECORD_UNAVAILABLE'],
  },
} as const satisfies Operations;
