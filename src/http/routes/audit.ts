/** GET /api/v1/<question>: the record and the inventory, for those whom policy lets read them. */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { type Decision, type Subject, UNKNOWN, type Unknown } from '../../policy/facts.ts';
import { type ApiLoginDeps, identify } from '../api-login.ts';
import type { AppState } from '../state.ts';

export interface AuditDeps extends ApiLoginDeps {
  readonly decide: (facts: {
    readonly subject: Subject;
    readonly address: string;
    readonly tokenAddress: string;
    readonly repository: string | Unknown;
    /** The User-Agent. */
    readonly client: string | undefined;
    /** Names in the client certificate. */
    readonly certificates: readonly string[];
  }) => Decision;
  /** @throws {WardenError} FILTER_MALFORMED */
  readonly ask: (
    question: string,
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
    readonly certificates: readonly string[];
    readonly id: string;
  }) => string;
}

export function auditQuestion(deps: AuditDeps, question: string): Middleware<AppState> {
  return async function auditRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = `audit-${question}`;
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
    const { subject, tokenAddress } = await identify(deps, exchange);
    summary.subject = subject.name;
    const { address, certificate } = exchange.client;
    const certificates = certificate?.names ?? [];
    const client = exchange.request.headers['user-agent'];
    const judge = (repository: string | Unknown): Decision =>
      deps.decide({ subject, address, tokenAddress, repository, client, certificates });
    const decision = judge(UNKNOWN);
    if (decision.verdict === 'refused') {
      throw new WardenError('POLICY_DENIED', {
        sentence: deps.tellRefusal({
          decision,
          subject,
          address,
          tokenAddress,
          client,
          certificates,
          id: exchange.id,
        }),
      });
    }
    ctx.set('Cache-Control', 'no-store');
    // A record of no repository (a failed login, a change of policy) is for those who may read of every repository.
    const mayRead = (repository: string): boolean =>
      (repository === '' ? decision : judge(repository)).verdict === 'granted';
    ctx.body = await deps.ask(question, ctx.query as Record<string, string | string[]>, mayRead);
  };
}
