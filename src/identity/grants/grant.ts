/**
 * A push grant: a password for one job, that pushes what it names, from one host, for minutes. What is kept of one, and how
 * it goes from one state to the next. Pure.
 *
 *     pending -> open -> used-up
 *           \--------\-> closed
 *
 * `pending`  waits for an approval, and is worth nothing until then.
 * `open`     pushes.
 * `used-up`  all the tags that it names are pushed. The same again may still come for a moment, since a client whose
 *            connection broke before the answer asks again.
 * `closed`   ended by somebody, or by its time.
 */
import type { Bounds, BuildClaims, BuildRun, Subject, SubjectKind } from '../../policy/facts.ts';
import { matchesTag, parseTagGlob } from '../../policy/glob.ts';

/** What the builder says of the job. Claimed: nobody has checked it. */
export interface GrantJob {
  readonly project?: string;
  readonly job?: string;
  readonly number?: number;
  readonly commit?: string;
  /** `refs/heads/main` */
  readonly ref?: string;
  /** Where the source is kept. */
  readonly uri?: string;
  /** The person who started it. */
  readonly operator?: string;
  /** Of the job's page. */
  readonly url?: string;
}

/** Who asked, as they were then. */
export interface GrantOwner {
  readonly name: string;
  readonly kind: SubjectKind;
  readonly groups: readonly string[];
  readonly method: string;
  /** What the login was checked against: the grant ends with it. Empty for builds, whose id token is gone anyway. */
  readonly credential: string;
  /** Of a robot: the most that its grants are good for, since they are no wider than it. */
  readonly actions?: Bounds['actions'];
  readonly build?: BuildClaims;
  readonly run?: BuildRun;
}

export interface GrantAct {
  readonly name: string;
  readonly method: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly comment?: string;
}

/** Times in milliseconds since 1970. */
export interface Grant {
  /** SHA-256 of the password, in hexadecimal digits. */
  readonly hash: string;
  readonly owner: GrantOwner;
  /** Names, not patterns. */
  readonly repositories: readonly string[];
  /** Tags, or patterns of them; absent: any. */
  readonly tags?: readonly string[];
  readonly addresses: readonly string[];
  /** By the policy's name of it, where it has one. */
  readonly host?: string;
  readonly job: GrantJob;
  readonly created: number;
  /** For how long it is open, from the request or from its approval. */
  readonly minutes: number;
  readonly state: 'pending' | 'open' | 'used-up' | 'closed';
  readonly approval?: GrantAct;
  /** Who closed it, and why; for one that its time or its use has ended, without a name. */
  readonly end?: { readonly at: number; readonly why: GrantEnd; readonly by?: GrantAct };
  readonly pushed: readonly Pushed[];
}

export type GrantEnd = 'closed' | 'used-up' | 'expired' | 'not approved';

export interface Pushed {
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}

/** A grant with its id and its end. */
export interface KnownGrant extends Grant {
  readonly id: string;
  /** When it ends by itself; while it is pending, until when it must be approved. */
  readonly expiresAt: number;
}

/** For which a client may repeat what it has pushed with a grant that is used up. */
export const REPEAT_MS = 60_000;

/** What the grant allows at most. */
export function boundsOf({
  owner,
  repositories,
  tags,
  addresses,
}: Pick<Grant, 'owner' | 'repositories' | 'tags' | 'addresses'>): Bounds {
  const { actions = ['pull', 'push'] } = owner;
  return { repositories, actions, ...(tags && { tags }), addresses };
}

/** Who uses a grant: by name, kind and groups whoever asked for it. */
export function subjectOfGrant(
  grant: Omit<Grant, 'hash'>,
  groups: readonly string[] = grant.owner.groups,
): Subject {
  const { name, kind, build, run } = grant.owner;
  return {
    name,
    kind,
    groups,
    method: 'grant',
    ...(build && { build }),
    ...(run && { run }),
    ...(grant.approval && { approved: true }),
    bounds: boundsOf(grant),
  };
}

/** Whether its password counts. */
export function isOpen({ state, expiresAt }: KnownGrant, now: number): boolean {
  return state === 'open' && now < expiresAt;
}

/** One sentence why a manifest may not be pushed with it; undefined where it may, as far as its state goes. */
export function faultOfPush(
  grant: KnownGrant,
  push: { readonly repository: string; readonly tag: string | undefined; readonly digest: string },
  now: number,
): string | undefined {
  const { state, end, pushed } = grant;
  if (state === 'used-up') {
    const repeated = pushed.some(
      (one) =>
        one.digest === push.digest &&
        one.repository === push.repository &&
        (push.tag === undefined || one.tag === push.tag),
    );
    const soon = now < (end?.at ?? 0) + REPEAT_MS;
    return repeated && soon
      ? undefined
      : 'This grant is used up: all of its tags are pushed. Ask for another.';
  }
  if (state === 'pending') return 'This grant is not approved yet.';
  if (!isOpen(grant, now)) return 'This grant has ended. Ask for another.';
  return undefined;
}

/** The grant after a tag was pushed: used up when that was the last of all that it names one by one. */
export function withPush<G extends Grant>(grant: G, push: Pushed, now: number): G {
  if (grant.state !== 'open') return grant;
  const others = grant.pushed.filter(
    ({ repository, tag }) => repository !== push.repository || tag !== push.tag,
  );
  const pushed = [...others, push].slice(-PUSHES_KEPT);
  const outstanding = outstandingOf({ ...grant, pushed });
  if (outstanding === undefined || outstanding.length > 0) return { ...grant, pushed };
  return { ...grant, pushed, state: 'used-up', end: { at: now, why: 'used-up' } };
}

/** Of a grant with a pattern there can be any number, of which the last are kept to be shown. */
const PUSHES_KEPT = 500;

/** What is still to be pushed, as `repository:tag`; undefined where that is not a list: with a pattern, or any tag. */
export function outstandingOf({
  repositories,
  tags,
  pushed,
}: Pick<Grant, 'repositories' | 'tags' | 'pushed'>): readonly string[] | undefined {
  if (tags === undefined || tags.some((tag) => tag.includes('*'))) return undefined;
  const done = new Set(pushed.map(({ repository, tag }) => `${repository}:${tag}`));
  return repositories
    .flatMap((repository) => tags.map((tag) => `${repository}:${tag}`))
    .filter((one) => !done.has(one));
}

/** Whether a tag is among those of the grant. */
export function names({ tags }: Pick<Grant, 'tags'>, tag: string): boolean {
  return (
    tags === undefined ||
    tags.some((text) => {
      const parsed = parseTagGlob(text);
      return parsed.ok && matchesTag(parsed.glob, tag);
    })
  );
}
