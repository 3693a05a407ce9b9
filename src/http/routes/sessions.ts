/**
 * Logins that last, over the API: GET /api/v1/sessions, DELETE /api/v1/sessions/<id>, POST /api/v1/revocations.
 *
 * Everybody sees and ends their own. Those of others are for whom a rule allows `sessions`: ending the login of a builder
 * stops its pushes, and the list says who works where.
 */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Subject } from '../../policy/facts.ts';
import type { SessionRow } from '../../token/sessions.ts';
import { type ENDED_KINDS, loginOperations } from '../api/logins.ts';
import { readJson } from '../json-body.ts';
import { type PolicyAsker, type PolicyAskerDeps, policyAskerOf, requireAllowed } from '../policy-asker.ts';
import { readQuery } from '../query.ts';
import type { AppState } from '../state.ts';

/** What is to be ended. `checks` has no id: every instance forgets the password checks that it remembers. */
export interface EndedTarget {
  readonly kind: (typeof ENDED_KINDS)[number];
  readonly id: string;
}

/** By whom, for the record. */
export interface EndedBy {
  readonly subject: Subject;
  readonly exchange: Exchange;
  /** It is their own: nobody has let them do it, so there is a bound to how often. */
  readonly own: boolean;
}

export interface SessionsDeps extends PolicyAskerDeps {
  readonly list: (subject: string | undefined) => Promise<readonly SessionRow[]>;
  readonly get: (id: string) => Promise<SessionRow | undefined>;
  /**
   * Durable, and in force here, when fulfilled.
   *
   * @returns how many refresh tokens ended with it. @throws {WardenError} TOO_MANY_REQUESTS
   */
  readonly end: (target: EndedTarget, by: EndedBy) => Promise<number>;
  readonly bodyTimeoutMs: number;
}

/** Nobody who has a grant: it is a password for one job, and the logins of who asked for it serve others. */
function isSelf({ subject }: PolicyAsker, name: string | undefined): boolean {
  return subject.method !== 'grant' && subject.name === name;
}

/** One's logins as a whole, or one of one's sessions. */
async function isOwn(deps: SessionsDeps, asker: PolicyAsker, { kind, id }: EndedTarget): Promise<boolean> {
  if (kind === 'subject') return isSelf(asker, id);
  return kind === 'session' && isSelf(asker, (await deps.get(id))?.subject);
}

function mayAll(deps: SessionsDeps, asker: PolicyAsker): boolean {
  return deps.decide(asker, 'sessions').verdict === 'granted';
}

export function sessionHandlers(deps: SessionsDeps) {
  return {
    listSessions: listSessions(deps),
    endSession: endSession(deps),
    endLogins: endLogins(deps),
  };
}

/** GET /api/v1/sessions: one's own; with `?subject=name` those of another, with `?all=true` those of everybody. */
function listSessions(deps: SessionsDeps): Middleware<AppState> {
  return async function listSessionsRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await policyAskerOf(deps, ctx.state);
    const { all, subject } = readQuery(loginOperations.listSessions.query, ctx.query);
    const whose = all ? undefined : (subject ?? asker.subject.name);
    if (!isSelf(asker, whose)) requireAllowed(deps, asker, 'sessions', exchange);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { items: (await deps.list(whose)).map(shown) };
  };
}

/** DELETE /api/v1/sessions/<id>. One that is not there and one of somebody else are alike to who may not see it. */
function endSession(deps: SessionsDeps): Middleware<AppState> {
  return async function endSessionRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await policyAskerOf(deps, ctx.state);
    const { id } = ctx['params'] as { readonly id: string };
    const found = await deps.get(id);
    const own = isSelf(asker, found?.subject);
    if (found === undefined || (!own && !mayAll(deps, asker))) {
      throw new WardenError('ROUTE_UNKNOWN', { sentence: 'there is no such session of yours' });
    }
    await deps.end({ kind: 'session', id }, { subject: asker.subject, exchange, own });
    ctx.status = 204;
  };
}

/** POST /api/v1/revocations: ends what its JSON names, `{"kind":"subject","id":"alice"}`. */
function endLogins(deps: SessionsDeps): Middleware<AppState> {
  return async function endLoginsRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await policyAskerOf(deps, ctx.state);
    const { kind, id = '' } = await readJson(exchange, loginOperations.endLogins.body, deps.bodyTimeoutMs);
    const target = { kind, id };
    const own = await isOwn(deps, asker, target);
    if (!own) requireAllowed(deps, asker, 'sessions', exchange);
    const sessions = await deps.end(target, { subject: asker.subject, exchange, own });
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { sessions };
  };
}

function shown({ startedAt, usedAt, ...row }: SessionRow): Readonly<Record<string, unknown>> {
  return { ...row, started: new Date(startedAt).toISOString(), used: new Date(usedAt).toISOString() };
}
