/**
 * /api/v1/reconciliation: POST has the record compared with the registry, GET says how far that is and what was found.
 * For those who may read the record of every repository, since the report is about all of them.
 */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { Decision, Subject } from '../../policy/facts.ts';
import { plainMediaType } from '../../protocol/manifest.ts';
import { identify } from '../api-login.ts';
import type { AppState } from '../state.ts';
import type { PolicyAsker, PolicyDeps } from './policy.ts';

export interface ReconciliationDeps extends Omit<PolicyDeps, 'ask'> {
  /** @returns false while one is under way already. */
  readonly start: (by: {
    readonly subject: Subject;
    readonly exchange: Exchange;
    readonly decision: Decision;
  }) => boolean;
  /** Of the one under way, else of the last one of this process; undefined before the first. */
  readonly report: () => object | undefined;
}

export function reconciliation(deps: ReconciliationDeps): Middleware<AppState> {
  return async function reconciliationRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'reconciliation';
    if (ctx.method !== 'GET' && ctx.method !== 'POST')
      throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET, POST' } });
    const { subject, tokenAddress } = await identify(deps, exchange);
    summary.subject = subject.name;
    const client = exchange.request.headers['user-agent'];
    const { address, certificate } = exchange.client;
    const certificates = certificate?.names ?? [];
    const asker: PolicyAsker = { subject, tokenAddress, address, client, certificates };
    const decision = deps.decide(asker, 'audit');
    if (decision.verdict !== 'granted') {
      throw new WardenError('POLICY_DENIED', {
        sentence: deps.tellRefusal(asker, { decision, action: 'audit', id: exchange.id }),
      });
    }
    ctx.set('Cache-Control', 'no-store');
    if (ctx.method === 'GET') {
      ctx.body = { report: deps.report() ?? null };
      return;
    }
    // A page of another site can have a browser send forms and plain text with somebody's password, but no JSON.
    if (plainMediaType(exchange.request.headers['content-type']) !== 'application/json') {
      throw new WardenError('BODY_TYPE_REFUSED', { sentence: 'the body must be application/json' });
    }
    exchange.request.resume();
    ctx.body = { started: deps.start({ subject, exchange, decision }), report: deps.report() ?? null };
  };
}
