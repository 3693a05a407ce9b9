/**
 * Recorded requests as questions to a policy, newest first and a page at a time. What a record lacks is unknown in its
 * question, or the request is left out and counted.
 */
import type { PullItem } from '../audit/audit.ts';
import { canonicalAddress } from '../policy/address.ts';
import {
  type Action,
  ANONYMOUS,
  type Question,
  type Subject,
  type SubjectKind,
  UNKNOWN,
} from '../policy/facts.ts';
import type { KnownUsers } from '../policy/rights/ask.ts';
import type { PushRecord } from '../provenance/record.ts';

/** One request, or several that were recorded as one. */
export interface Recorded {
  readonly question: Question;
  /** Milliseconds since 1970, of the last one. */
  readonly time: number;
  readonly count: number;
  /** What was taken for granted, since the record does not say it. */
  readonly assumed: readonly Assumption[];
}

export const ASSUMPTIONS = {
  pullTime: 'pulls of one kind are counted together: the last of them is asked about',
  users: 'the groups of whoever pulled are not recorded: those of the users file of now are taken',
  noGroups:
    'the groups of whoever pulled are not recorded, and the users file has no such user: taken for none',
  tag: 'which tag was meant is not always recorded of a refused push: then it is unknown',
} as const;
export type Assumption = keyof typeof ASSUMPTIONS;

/** Why a record cannot be asked about. */
export const OMISSIONS = {
  build: 'claims of builds are not recorded',
  many: 'refusals of many callers that were counted together',
  address: 'refusals from many addresses of one network that were counted together',
  other: 'refused for another reason than the policy',
} as const;
export type Omission = keyof typeof OMISSIONS;

/** @returns undefined for records that are about no request to a repository. */
export function recordedOf(record: PushRecord): Recorded | Omission | undefined {
  const time = Date.parse(record.time);
  switch (record.type) {
    case 'push.accepted':
    case 'push.aborted': {
      // A tag that the registry had before was overwritten.
      const action = record.tag?.from === undefined ? 'create' : 'overwrite';
      return withFacts(record, { actions: [action], tag: record.tag?.name, time, count: 1, assumed: [] });
    }
    case 'tag.deleted':
    case 'manifest.deleted':
    case 'blob.deleted':
    case 'delete.aborted':
      return withFacts(record, { actions: ['delete'], tag: record.tag?.name, time, count: 1, assumed: [] });
    case 'push.refused': {
      if (record.reason !== 'POLICY_DENIED') return 'other';
      const { action, tag, count } = record;
      const until = Date.parse(record.until);
      const actions = ACTIONS_OF[action ?? ''];
      if (actions === undefined) return 'many';
      if (record.network !== undefined) return 'address';
      const written = actions.length > 1 ? (tag?.name ?? UNKNOWN) : tag?.name;
      return withFacts(record, {
        actions,
        tag: written,
        time: until,
        count,
        assumed: written === UNKNOWN ? ['tag'] : [],
      });
    }
    default:
      return undefined;
  }
}

const ACTIONS_OF: Readonly<Record<string, readonly Action[]>> = {
  push: ['create', 'overwrite'],
  create: ['create'],
  overwrite: ['overwrite'],
  delete: ['delete'],
};

interface Parts {
  readonly subject?: { readonly repo: string } | undefined;
  readonly actor?:
    | {
        readonly sub: string;
        readonly kind: SubjectKind;
        readonly method: string;
        readonly groups?: readonly string[] | undefined;
      }
    | undefined;
  readonly peer?:
    | {
        readonly ip: string;
        readonly ua?: string | undefined;
        readonly tls?: { readonly names?: readonly string[] | undefined } | undefined;
      }
    | undefined;
  readonly token?: { readonly ip: string } | undefined;
}

function withFacts(
  { subject, actor, peer, token }: Parts,
  asked: Pick<Question, 'actions' | 'tag'> & Omit<Recorded, 'question'>,
): Recorded | Omission {
  if (subject === undefined || actor === undefined || peer === undefined) return 'many';
  if (actor.kind === 'build') return 'build';
  const { actions, tag, time, count, assumed } = asked;
  const caller: Subject =
    actor.kind === 'anonymous'
      ? ANONYMOUS
      : { name: actor.sub, kind: actor.kind, groups: actor.groups ?? [], method: actor.method };
  return {
    question: {
      subject: caller,
      address: peer.ip,
      tokenAddress: token?.ip ?? peer.ip,
      repository: subject.repo,
      actions,
      tag,
      time,
      client: peer.ua,
      certificates: peer.tls?.names ?? [],
    },
    time,
    count,
    assumed,
  };
}

/** A row of the inventory: who is in which group now, if anybody knows. */
export function recordedPull(pull: PullItem, users: KnownUsers | undefined): Recorded {
  const { subject: name, address, repository, client, gets, heads } = pull;
  const last = Date.parse(pull.last);
  const known = users?.get(name);
  const subject: Subject =
    name === '' ? ANONYMOUS : { name, kind: 'person', groups: known?.groups ?? [], method: 'password' };
  const groups: readonly Assumption[] = name === '' ? [] : [known === undefined ? 'noGroups' : 'users'];
  return {
    question: {
      subject,
      address: canonicalAddress(address) ?? address,
      tokenAddress: address,
      repository,
      actions: ['pull'],
      tag: undefined,
      time: last,
      client,
      certificates: [],
    },
    time: last,
    count: gets + heads,
    assumed: [...groups, ...(gets + heads > 1 ? (['pullTime'] as const) : [])],
  };
}
