/**
 * The claims of the tokens that clients get.
 *
 * @see https://distribution.github.io/distribution/spec/auth/jwt/
 */
import { z } from 'zod';
import { RULE_ACTIONS } from '../policy/actions.ts';
import { faultOfBounds } from '../policy/bounds.ts';

/** NumericDate of RFC 7519, whole seconds: the registry's reader refuses fractions. */
const seconds = z.int().min(0).max(0xffff_ffff);
const text = z.string().max(1024);

const access = z.strictObject({
  type: z.enum(['repository', 'registry']),
  name: text.min(1),
  actions: z.array(z.enum(['pull', 'push', 'delete', '*'])).max(4),
});

const fact = z.string().min(1).max(255);
const factOrNone = fact.exactOptional();
/** Of a build alone: what its issuer's key has vouched for. */
const build = z.strictObject({
  issuer: fact,
  project: factOrNone,
  branch: factOrNone,
  tag: factOrNone,
  job: factOrNone,
  environment: factOrNone,
  event: factOrNone,
  operator: factOrNone,
});
const run = z.strictObject({
  token: z.string().regex(/^[0-9a-f]{64}$/),
  number: z.int().min(0).exactOptional(),
  commit: factOrNone,
});

/** Of a robot or a grant, and only of these: they would be wider without. */
const bounds = z
  .strictObject({
    repositories: z.array(fact).min(1).max(50),
    actions: z.array(z.enum(RULE_ACTIONS)).min(1).max(RULE_ACTIONS.length),
    tags: z.array(fact).min(1).max(50).exactOptional(),
    addresses: z.array(fact).min(1).max(50).exactOptional(),
  })
  .refine((value) => faultOfBounds(value) === undefined);

/** Ids of sessions, robots and grants. */
const id = z.string().min(1).max(255).exactOptional();

/** Every claim is required but those marked, and no other may be there: whatever differs was not made here. */
export const ClientClaims = z.strictObject({
  iss: text,
  aud: text,
  sub: text,
  exp: seconds,
  nbf: seconds,
  iat: seconds,
  /**
   * When who asks has proved who they are, where that was not now: at the start of the session (OpenID Connect Core,
   * section 2). A revocation of all that was begun until then would otherwise miss what a session gets a moment later.
   */
  auth_time: seconds.exactOptional(),
  jti: z.string().regex(/^[A-Za-z0-9_-]{22}$/),
  /** What the token is for. A token for the registry is none for the API, whatever else it says. */
  use: z.enum(['registry', 'api']),
  access: z.array(access).max(200),
  warden: z.strictObject({
    kind: z.enum(['anonymous', 'person', 'robot', 'build']),
    groups: z.array(text).max(1000),
    method: text,
    /** The address that fetched the token. */
    ip: text,
    via: z.strictObject({ session: id, robot: id, grant: id }).exactOptional(),
    build: build.optional(),
    run: run.optional(),
    approved: z.literal(true).exactOptional(),
    bounds: bounds.exactOptional(),
  }),
});
export type ClientClaims = z.infer<typeof ClientClaims>;
