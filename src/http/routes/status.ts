/**
 * GET /api/v1/status: what needs somebody's eyes: whether pushes can be recorded, how far the signed tree and the
 * forwarding are, what ends soon. For those who may read the record of every repository.
 */
import type { Middleware } from 'koa';
import { WardenError } from '../../errors.ts';
import { type AuditorDeps, identifyAuditor } from '../auditor.ts';
import type { AppState } from '../state.ts';

/** What does not work as it should, and goes on with what it had. */
export const TROUBLES = [
  /** The registry does not answer. */
  'registry-away',
  /** The policy on disk is refused; the last good one is in force. */
  'policy-refused',
  /** The policy in force could not be kept for later questions; pushes are refused. */
  'policy-unkept',
  /** The users file is refused; its last good state is in force. */
  'users-refused',
  /** The directory of users did not answer. */
  'directory-silent',
  /** Keys of an issuer of id tokens could not be renewed. */
  'issuers-unreachable',
  /** The list of ended logins could not be read for too long; pushes are refused. */
  'revocations-stale',
  /** The authorities of clients' certificates on disk are refused; the last good ones are in force. */
  'authorities-refused',
  /** The tree of the record cannot be signed. */
  'signing-failed',
  /** Pulls could not be counted for too long. */
  'pulls-uncounted',
] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Times are RFC 3339 in UTC. */
export interface Status {
  readonly record: {
    readonly writable: boolean;
    /** Why not, in one sentence. */
    readonly why?: string;
    /** Of the log; absent while it cannot be read. */
    readonly entries?: number;
    /** Pushes whose outcome is not known yet. */
    readonly unsettled: number;
  };
  readonly disk: {
    readonly freeBytes?: number;
    /** Until pushes are refused, at the rate of the last day; absent where the space does not shrink. */
    readonly secondsLeft?: number;
    readonly warning?: string;
  };
  /** Absent where no tree is signed. */
  readonly tree?: {
    /** In the tree that was signed last. */
    readonly entries: number;
    readonly signed?: string;
    /** In the tree that enough witnesses cosigned last; absent without witnesses. */
    readonly cosigned?: { readonly entries: number; readonly time?: string };
  };
  /** Where records go. */
  readonly forwarding: readonly {
    readonly destination: string;
    /** Records that it lacks; absent where another instance forwards to it. */
    readonly behind?: number;
    readonly problem?: string;
  }[];
  readonly certificates: readonly {
    /** `tls`: shown to clients; `registry`: Warden's at the registry; `revocation-lists`: of clients' certificates. */
    readonly use: 'tls' | 'registry' | 'revocation-lists';
    readonly expires: string;
  }[];
  readonly robots: {
    /** Those that expire within so many days are counted. */
    readonly days: number;
    readonly expiring: number;
  };
  readonly troubles: readonly Trouble[];
}

export interface StatusDeps extends AuditorDeps {
  readonly status: () => Promise<Status>;
}

export function status(deps: StatusDeps): Middleware<AppState> {
  return async function statusRoute(ctx) {
    ctx.state.summary.route = 'status';
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
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
