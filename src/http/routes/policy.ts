/** GET /api/v1/policy/who, what, explain and diff: questions about the policy, for those whom it lets ask them. */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import type { Action, Decision, Subject } from '../../policy/facts.ts';
import { type ApiLoginDeps, identify } from '../api-login.ts';
import type { AppState } from '../state.ts';

export const POLICY_QUESTIONS = ['who', 'what', 'explain', 'diff'] as const;
export type PolicyKind = (typeof POLICY_QUESTIONS)[number];

/** Who asks, as far as policy needs it. */
export interface PolicyAsker {
  readonly subject: Subject;
  readonly address: string;
  readonly tokenAddress: string;
  /** The User-Agent. */
  readonly client: string | undefined;
  /** Names in the client certificate. */
  readonly certificates: readonly string[];
}

export interface PolicyDeps extends ApiLoginDeps {
  /** May it be done for every repository? */
  readonly decide: (asker: PolicyAsker, action: Action) => Decision;
  /** @throws {WardenError} FILTER_MALFORMED that names the parameter, OVERLOADED. */
  readonly ask: (
    kind: PolicyKind,
    parameters: Readonly<Record<string, string | readonly string[]>>,
  ) => Promise<unknown>;
  /** The sentence that the refused person reads; the decision is kept under the id that it names. */
  readonly tellRefusal: (
    asker: PolicyAsker,
    refused: { readonly decision: Decision; readonly action: Action; readonly id: string },
  ) => string;
}

export function policyQuestion(deps: PolicyDeps, kind: PolicyKind): Middleware<AppState> {
  return async function policyRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = `policy-${kind}`;
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
    const { subject, tokenAddress } = await identify(deps, exchange);
    summary.subject = subject.name;
    const client = exchange.request.headers['user-agent'];
    const { address, certificate } = exchange.client;
    const certificates = certificate?.names ?? [];
    const asker: PolicyAsker = { subject, tokenAddress, address, client, certificates };
    const parameters = ctx.query as Record<string, string | string[]>;
    // A replay shows who did what, which is for those who may read the record.
    const needed: readonly Action[] =
      kind === 'diff' && parameters['replay'] !== undefined ? ['policy', 'audit'] : ['policy'];
    for (const action of needed) {
      const decision = deps.decide(asker, action);
      if (decision.verdict === 'granted') continue;
      throw new WardenError('POLICY_DENIED', {
        sentence: deps.tellRefusal(asker, { decision, action, id: exchange.id }),
      });
    }
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await deps.ask(kind, parameters);
  };
}
