/** GET /api/v1/pushes and /api/v1/pulls: the record and the inventory, for those whom policy lets read them. */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import { type Decision, type Subject, UNKNOWN, type Unknown } from '../../policy/facts.ts';
import { bearerToken } from '../../protocol/challenge.ts';
import { type LoginDeps, loginWithHeader } from '../basic-login.ts';
import type { AppState } from '../state.ts';

export type AuditKind = 'pushes' | 'pulls';

export interface AuditDeps extends LoginDeps {
  /** A Bearer of the API's own audience; a registry token is worth nothing here. */
  readonly verify: (token: string) => { readonly subject: Subject; readonly address: string } | undefined;
  readonly decide: (facts: {
    readonly subject: Subject;
    readonly address: string;
    readonly tokenAddress: string;
    readonly repository: string | Unknown;
    /** The User-Agent. */
    readonly client: string | undefined;
  }) => Decision;
  /** @throws {WardenError} FILTER_MALFORMED */
  readonly ask: (
    kind: AuditKind,
    parameters: Readonly<Record<string, string | string[]>>,
    mayRead: (repository: string) => boolean,
  ) => Promise<unknown>;
  /** The sentence that the refused person reads; the decision is kept under the id that it names. */
  readonly tellRefusal: (facts: {
    readonly decision: Decision;
    readonly subject: Subject;
    readonly address: string;
    readonly tokenAddress: string;
    /** The User-Agent. */
    readonly client: string | undefined;
    readonly id: string;
  }) => string;
}

/** Basic is offered to people and scripts; the token endpoint gives Bearers for the API's audience. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="registry-warden audit", charset="UTF-8"' };

export function auditQuestion(deps: AuditDeps, kind: AuditKind): Middleware<AppState> {
  return async function auditRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = `audit-${kind}`;
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
    const { subject, tokenAddress } = await identify(deps, exchange);
    summary.subject = subject.name;
    const { address } = exchange.client;
    const client = exchange.request.headers['user-agent'];
    const judge = (repository: string | Unknown): Decision =>
      deps.decide({ subject, address, tokenAddress, repository, client });
    const decision = judge(UNKNOWN);
    if (decision.verdict === 'refused') {
      throw new WardenError('POLICY_DENIED', {
        sentence: deps.tellRefusal({ decision, subject, address, tokenAddress, client, id: exchange.id }),
      });
    }
    ctx.set('Cache-Control', 'no-store');
    // A record of no repository (a failed login, a change of policy) is for those who may read of every repository.
    const mayRead = (repository: string): boolean =>
      (repository === '' ? decision : judge(repository)).verdict === 'granted';
    ctx.body = await deps.ask(kind, ctx.query as Record<string, string | string[]>, mayRead);
  };
}

async function identify(
  deps: AuditDeps,
  exchange: Exchange,
): Promise<{ subject: Subject; tokenAddress: string }> {
  const { request, client } = exchange;
  const { authorization } = request.headers;
  const bearer = bearerToken(authorization);
  if (bearer !== undefined) {
    const verified = client.confidential ? deps.verify(bearer) : undefined;
    if (verified === undefined) throw new WardenError('TOKEN_INVALID', { headers: CHALLENGE });
    return { subject: verified.subject, tokenAddress: verified.address };
  }
  if (authorization === undefined) throw new WardenError('TOKEN_MISSING', { headers: CHALLENGE });
  const presented = { client, authorization, userAgent: request.headers['user-agent'] };
  const { subject } = await loginWithHeader(deps, presented);
  return { subject, tokenAddress: client.address };
}
