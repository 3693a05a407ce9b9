/**
 * GET /api/v1/status: what needs somebody's eyes: whether pushes can be recorded, how far the signed tree and the
 * forwarding are, what ends soon. For those who may read the record of every repository.
 */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import type { Status } from '../api/status.ts';
import { type AuditorDeps, identifyAuditor } from '../auditor.ts';
import type { AppState } from '../state.ts';

export interface StatusDeps extends AuditorDeps {
  readonly status: () => Promise<Status>;
}

export function status(deps: StatusDeps): Middleware<AppState> {
  return async function statusRoute(ctx) {
    const { everything } = await identifyAuditor(deps, ctx.state);
    if (!everything)
      throw new WardenError('POLICY_DENIED', {
        sentence:
          'the state of the record is for those who may read the record of every repository (audit on **)',
      });
    ctx.set('Cache-Control', 'no-store');
    ctx.body = await deps.status();
  };
}
