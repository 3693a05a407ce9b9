/**
 * /api/v1/reconciliation: POST has the record compared with the registry, GET says how far that is and what was found.
 * For those who may read the record of every repository, since the report is about all of them.
 */
import type { Middleware } from 'koa';
import type { Exchange } from '../../gate/exchange.ts';
import type { Decision, Subject } from '../../policy/facts.ts';
import { requireJson } from '../json-body.ts';
import { type PolicyAskerDeps, policyAskerOf, requireAllowed } from '../policy-asker.ts';
import type { AppState } from '../state.ts';

export interface ReconciliationDeps extends PolicyAskerDeps {
  /** @returns false while one is under way already. */
  readonly start: (by: {
    readonly subject: Subject;
    readonly exchange: Exchange;
    readonly decision: Decision;
  }) => boolean;
  /** Of the one under way, else of the last one of this process; undefined before the first. */
  readonly report: () => object | undefined;
}

export function reconciliationHandlers(deps: ReconciliationDeps) {
  return { reportReconciliation: report(deps), startReconciliation: start(deps) };
}

function report(deps: ReconciliationDeps): Middleware<AppState> {
  return async function reportRoute(ctx) {
    const asker = await policyAskerOf(deps, ctx.state);
    requireAllowed(deps, asker, 'audit', ctx.state.exchange);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { report: deps.report() ?? null };
  };
}

function start(deps: ReconciliationDeps): Middleware<AppState> {
  return async function startRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await policyAskerOf(deps, ctx.state);
    const decision = requireAllowed(deps, asker, 'audit', exchange);
    ctx.set('Cache-Control', 'no-store');
    requireJson(exchange);
    exchange.request.resume();
    const { subject } = asker;
    ctx.body = { started: deps.start({ subject, exchange, decision }), report: deps.report() ?? null };
  };
}
