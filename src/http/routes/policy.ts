/** GET /api/v1/policy/who, what, explain and diff: questions about the policy, for those whom it lets ask them. */
import type { Middleware } from 'koa';
import type { Action } from '../../policy/facts.ts';
import { type PolicyAskerDeps, policyAskerOf, requireAllowed } from '../policy-asker.ts';
import type { AppState } from '../state.ts';

export type PolicyKind = 'who' | 'what' | 'explain' | 'diff';

export interface PolicyDeps extends PolicyAskerDeps {
  /** @throws {WardenError} FILTER_MALFORMED that names the parameter, OVERLOADED. */
  readonly ask: (
    kind: PolicyKind,
    parameters: Readonly<Record<string, string | readonly string[]>>,
  ) => Promise<unknown>;
}

export function policyHandlers(deps: PolicyDeps) {
  return {
    whoMay: policyQuestion(deps, 'who'),
    whatMay: policyQuestion(deps, 'what'),
    explainDecision: policyQuestion(deps, 'explain'),
    comparePolicies: policyQuestion(deps, 'diff'),
  };
}

function policyQuestion(deps: PolicyDeps, kind: PolicyKind): Middleware<AppState> {
  return async function policyRoute(ctx) {
    const { exchange } = ctx.state;
    const asker = await policyAskerOf(deps, ctx.state);
    const parameters = ctx.query as Record<string, string | string[]>;
    // A replay shows who did what, which is for those who may read the record.
    const needed: readonly Action[] =
      kind === 'diff' && parameters['replay'] !== undefined ? ['policy', 'audit'] : ['policy'];
    for (const action of needed) requireAllowed(deps, asker, action, exchange);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await deps.ask(kind, parameters);
  };
}
