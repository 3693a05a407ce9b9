/** A grant as the API and the commands show it: all but its password. */
import { type GrantAct, type KnownGrant, outstandingOf } from './grant.ts';

export interface GrantJson {
  readonly id: string;
  readonly state: string;
  readonly owner: string;
  readonly repositories: readonly string[];
  readonly tags?: readonly string[];
  readonly host?: string;
  readonly addresses: readonly string[];
  readonly job: KnownGrant['job'];
  readonly minutes: number;
  readonly created: string;
  /** Of one that is pending: until when it must be approved. */
  readonly expires: string;
  readonly approved?: ActJson;
  readonly ended?: { readonly time: string; readonly why: string; readonly by?: ActJson };
  readonly pushed: KnownGrant['pushed'];
  /** `repository:tag`; absent where there is no list of them. */
  readonly outstanding?: readonly string[];
}

interface ActJson {
  readonly name: string;
  readonly time: string;
  readonly comment?: string;
}

export function grantJson(grant: KnownGrant): GrantJson {
  const { id, state, owner, repositories, tags, host, addresses, job, minutes, approval, end, pushed } =
    grant;
  const outstanding = outstandingOf(grant);
  return {
    ...{ id, state, owner: owner.name, repositories },
    ...(tags && { tags }),
    ...(host !== undefined && { host }),
    ...{ addresses, job, minutes },
    created: timeOf(grant.created),
    expires: timeOf(grant.expiresAt),
    ...(approval && { approved: actJson(approval) }),
    ...(end && { ended: { time: timeOf(end.at), why: end.why, ...(end.by && { by: actJson(end.by) }) } }),
    pushed,
    ...(outstanding && { outstanding }),
  };
}

function actJson({ name, at, comment }: GrantAct): ActJson {
  return { name, time: timeOf(at), ...(comment !== undefined && { comment }) };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
