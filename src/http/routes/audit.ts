/** GET /api/v1/<question>: the record and the inventory, for those whom policy lets read them. */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { type AuditorDeps, identifyAuditor } from '../auditor.ts';
import type { AppState } from '../state.ts';

export interface AuditDeps extends AuditorDeps {
  /** @throws {WardenError} FILTER_MALFORMED */
  readonly ask: (
    question: string,
    parameters: Readonly<Record<string, string | string[]>>,
    mayRead: (repository: string) => boolean,
  ) => Promise<unknown>;
}

export function auditQuestion(deps: AuditDeps, question: string): Middleware<AppState> {
  return async function auditRoute(ctx) {
    ctx.state.summary.route = `audit-${question}`;
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
    const { mayRead } = await identifyAuditor(deps, ctx.state);
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await deps.ask(question, ctx.query as Record<string, string | string[]>, mayRead);
  };
}
