/**
 * Asking for a push grant, approving it and closing it.
 *
 * Asking needs no right of its own: it is enough that policy would let this caller push all of it with the method `grant`,
 * from the host that the grant is for. Where it would do so only with an approval, the grant waits for one. Four eyes: who
 * asked does not approve, nor the operator that the grant names or the issuer of the build vouches for, nor a robot whose
 * secret one of them was given.
 */
import { WardenError } from '../../errors.ts';
import { actionSet } from '../../policy/actions.ts';
import { canonicalAddress } from '../../policy/address.ts';
import { decide } from '../../policy/decide.ts';
import {
  type Action,
  type Bounds,
  type Question,
  type Subject,
  UNKNOWN,
  type Unknown,
} from '../../policy/facts.ts';
import { parseTagGlob } from '../../policy/glob.ts';
import { isRepository } from '../../protocol/names.ts';
import type { Asker, AskPolicy } from '../asker.ts';
import { foldName } from '../ldap/names.ts';
import type { Robots } from '../robots/robots.ts';
import type { GrantJob, KnownGrant } from './grant.ts';
import type { Grants } from './grants.ts';

export interface AdministerGrantsDeps extends AskPolicy {
  readonly grants: Grants;
  readonly robots: Pick<Robots, 'find'>;
  readonly limits: {
    readonly maximumMinutes: number;
    readonly usualMinutes: number;
    /** Within which a grant must be approved. */
    readonly approvalMinutes: number;
    /** Open or pending at once. */
    readonly openPerOwner: number;
  };
}

export interface GrantRequest {
  readonly repositories: readonly string[];
  readonly tags?: readonly string[] | undefined;
  /** A host of the policy, or an address; the address of the request where there is none. */
  readonly host?: string | undefined;
  readonly minutes?: number | undefined;
  readonly job: GrantJob;
}

export interface AdministerGrants {
  /** @throws {WardenError} REQUEST_MALFORMED, POLICY_DENIED, TOO_MANY_REQUESTS */
  request(
    asker: Asker,
    asked: GrantRequest,
  ): Promise<{ readonly grant: KnownGrant; readonly password: string }>;
  /** The asker's own, and those that the asker may approve: the newest thousand. */
  list(asker: Asker): Promise<readonly KnownGrant[]>;
  /** @throws {WardenError} ENTRY_UNKNOWN also where the asker has nothing to do with it. */
  show(asker: Asker, id: string): Promise<KnownGrant>;
  /** @throws {WardenError} ENTRY_UNKNOWN, POLICY_DENIED, GRANT_ENDED */
  approve(asker: Asker, id: string, comment: string): Promise<KnownGrant>;
  /** By its owner, by the grant itself, or by whoever may approve it. @throws {WardenError} ENTRY_UNKNOWN, GRANT_ENDED */
  close(asker: Asker, id: string, comment: string | undefined): Promise<KnownGrant>;
}

export function createAdministerGrants(deps: AdministerGrantsDeps): AdministerGrants {
  const { grants, robots, limits, policy, tellRefusal } = deps;

  function mayApprove(asker: Asker, { repositories }: KnownGrant): boolean {
    return repositories.every(
      (name) => decide(policy(), approvalQuestion(asker, name)).verdict === 'granted',
    );
  }

  async function require(asker: Asker, id: string): Promise<KnownGrant> {
    const grant = await grants.get(id);
    if (grant !== undefined && (isOwner(asker, grant) || mayApprove(asker, grant))) return grant;
    throw new WardenError('ENTRY_UNKNOWN', { sentence: 'there is no such grant of yours' });
  }

  /** Where the grant may be used, and whether it must be approved before. @throws {WardenError} POLICY_DENIED */
  function judge(asker: Asker, asked: GrantRequest, addresses: readonly string[]) {
    for (const approved of [false, true]) {
      const open = addresses.filter((address) =>
        questionsOf(asker, asked, address, approved).every(
          (one) => decide(policy(), one).verdict !== 'refused',
        ),
      );
      if (open.length > 0) return { addresses: open, approved: !approved };
    }
    const questions = addresses.flatMap((address) => questionsOf(asker, asked, address, true));
    for (const question of questions) {
      const decision = decide(policy(), question);
      if (decision.verdict !== 'refused' || typeof question.repository !== 'string') continue;
      const tag = typeof question.tag === 'string' ? { tag: question.tag } : {};
      const sentence = tellRefusal(
        { ...asker, subject: question.subject, address: String(question.address) },
        { decision, repository: question.repository, action: 'create', ...tag },
      );
      throw new WardenError('POLICY_DENIED', { sentence });
    }
    throw new WardenError('POLICY_DENIED');
  }

  /** One who asks in a loop must not fill the storage, nor the list of those who approve. */
  async function requireRoom({ subject, time }: Asker): Promise<void> {
    const own = await grants.list(subject.name);
    await grants.forget(own.filter(({ end }) => end !== undefined).slice(ENDED_PER_OWNER));
    const open = own.filter(({ end, expiresAt }) => end === undefined && expiresAt > time);
    if (open.length < limits.openPerOwner) return;
    const sentence = `${open.length} grants of yours are open or pending; close those that are done with`;
    throw new WardenError('TOO_MANY_REQUESTS', { sentence, headers: { 'Retry-After': '60' } });
  }

  return {
    async request(asker, asked) {
      const minutes = asked.minutes ?? limits.usualMinutes;
      const fault = faultOf(asked, minutes, limits.maximumMinutes);
      if (fault !== undefined) throw new WardenError('REQUEST_MALFORMED', { sentence: fault });
      if (asker.credential === undefined || asker.subject.kind === 'anonymous')
        throw new WardenError('CREDENTIALS_REFUSED', {
          sentence: 'a grant is asked for with a name and a password, or with an id token as password',
        });
      if (asker.subject.method === 'grant')
        throw new WardenError('POLICY_DENIED', { sentence: 'A grant cannot ask for another grant.' });
      const place = placeOf(policy(), asked.host ?? asker.address);
      if (place === undefined)
        throw new WardenError('REQUEST_MALFORMED', {
          sentence: 'host: expected an address, or a host of the policy',
        });
      const { addresses, approved } = judge(asker, asked, place.addresses);
      await requireRoom(asker);
      const { name, kind, groups, method, build, run, bounds } = asker.subject;
      return grants.create(
        {
          owner: {
            ...{ name, kind, groups, method, credential: asker.credential },
            ...(bounds && { actions: GRANT_ACTIONS.filter((word) => covers(bounds, word)) }),
            ...(build && { build }),
            ...(run && { run }),
          },
          repositories: [...new Set(asked.repositories)],
          ...(asked.tags && { tags: [...new Set(asked.tags)] }),
          addresses,
          ...(place.host !== undefined && { host: place.host }),
          job: asked.job,
          minutes,
          approved,
        },
        asker.time + limits.approvalMinutes * 60_000,
      );
    },
    async list(asker) {
      const all = await grants.list();
      const shown: KnownGrant[] = [];
      for (const grant of all) {
        if (shown.length === LISTED) break;
        if (isOwner(asker, grant) || mayApprove(asker, grant)) shown.push(grant);
      }
      return shown;
    },
    show: require,
    async approve(asker, id, comment) {
      const grant = await require(asker, id);
      for (const repository of grant.repositories) {
        const decision = decide(policy(), approvalQuestion(asker, repository));
        if (decision.verdict === 'granted') continue;
        const sentence = tellRefusal(asker, { decision, repository, action: 'grants' });
        throw new WardenError('POLICY_DENIED', { sentence });
      }
      const fault = sameEyes(asker.subject, grant, robots);
      if (fault !== undefined) throw new WardenError('POLICY_DENIED', { sentence: fault });
      const { name, method } = asker.subject;
      const approved = await grants.approve(id, { name, method, at: asker.time, comment });
      if (approved === undefined)
        throw new WardenError('GRANT_ENDED', { sentence: 'this grant does not wait for an approval' });
      return approved;
    },
    async close(asker, id, comment) {
      await require(asker, id);
      const { name, method } = asker.subject;
      const by = { name, method, at: asker.time, ...(comment !== undefined && { comment }) };
      const closed = await grants.close(id, 'closed', by);
      if (closed === undefined)
        throw new WardenError('GRANT_ENDED', { sentence: 'this grant has ended before' });
      return closed;
    },
  };
}

/** Of one owner, the newest; the record has all. */
const ENDED_PER_OWNER = 500;
const LISTED = 1_000;

/** What a grant may be good for, word by word. */
const GRANT_ACTIONS = ['pull', 'create', 'overwrite'] as const;

function covers({ actions }: Bounds, word: Action): boolean {
  return actionSet(actions).list.includes(word);
}

const LIST_LIMIT = 20;

function faultOf({ repositories, tags }: GrantRequest, minutes: number, maximum: number): string | undefined {
  if (repositories.length === 0 || repositories.length > LIST_LIMIT)
    return `repositories: expected 1 to ${LIST_LIMIT} names`;
  const bad = repositories.find((name) => !isRepository(name));
  if (bad !== undefined) return `repositories: ${JSON.stringify(bad)} is no name of a repository`;
  if (tags !== undefined && (tags.length === 0 || tags.length > LIST_LIMIT))
    return `tags: expected 1 to ${LIST_LIMIT} tags, or none for any`;
  for (const tag of tags ?? []) {
    const parsed = parseTagGlob(tag);
    if (!parsed.ok) return `tags: ${parsed.reason}`;
  }
  return minutes < 1 || minutes > maximum
    ? `minutes: expected 1 to ${maximum} (grants.maximumMinutes)`
    : undefined;
}

/** An address of a host that the policy names stands for the host: it may push by another of its addresses. */
function placeOf(
  { hosts, hostOf }: ReturnType<AskPolicy['policy']>,
  text: string,
): { readonly addresses: readonly string[]; readonly host?: string } | undefined {
  const address = canonicalAddress(text);
  const host = hosts.has(text) ? text : address === undefined ? undefined : hostOf(address, [])?.name;
  if (host !== undefined) {
    const addresses = (hosts.get(host)?.addresses ?? []).flatMap((one) => canonicalAddress(one) ?? []);
    return addresses.length === 0 ? undefined : { addresses, host };
  }
  return address === undefined ? undefined : { addresses: [address] };
}

/** One for each tag of each repository. When and with what it will be pushed is not known. */
function questionsOf(
  { subject: { name, kind, groups, build, run, bounds } }: Asker,
  { repositories, tags }: GrantRequest,
  address: string,
  approved: boolean,
): readonly Question[] {
  const subject: Subject = {
    ...{ name, kind, groups, method: 'grant' },
    ...(build && { build }),
    ...(run && { run }),
    ...(approved && { approved }),
    // Those of a robot that asks: what it asks for lies within them as well.
    ...(bounds && { bounds }),
  };
  const asked: readonly (string | Unknown)[] = tags ?? [UNKNOWN];
  const known = asked.map((tag): string | Unknown =>
    typeof tag === 'string' && tag.includes('*') ? UNKNOWN : tag,
  );
  return repositories.flatMap((repository) =>
    known.map((tag) => ({
      ...{ subject, address, tokenAddress: address, repository, tag },
      actions: ['create', 'overwrite'],
      time: UNKNOWN,
      client: UNKNOWN,
      certificates: UNKNOWN,
    })),
  );
}

function approvalQuestion(asker: Asker, repository: string): Question {
  const { subject, address, tokenAddress, time, client, certificates } = asker;
  return {
    ...{ subject, address, tokenAddress, time, client, certificates },
    ...{ repository, actions: ['grants'], tag: undefined },
  };
}

function isOwner({ subject, via }: Asker, { id, owner }: KnownGrant): boolean {
  if (subject.method === 'grant') return via.grant === id;
  return subject.name === owner.name && subject.kind === owner.kind;
}

/** One sentence where who approves is, or belongs to, one of those who want it. */
export function sameEyes(
  approver: Pick<Subject, 'name' | 'method' | 'build'>,
  { owner, job }: Pick<KnownGrant, 'owner' | 'job'>,
  robots: Pick<Robots, 'find'>,
): string | undefined {
  if (approver.method === 'grant') return 'A grant approves nothing.';
  const wanting = whoIsBehind(owner, robots);
  const approving = whoIsBehind(approver, robots);
  // Whose it was is known no more, and its tokens may live a moment longer than it.
  if (wanting === undefined || approving === undefined) return 'The robot that asks or approves has ended.';
  const operators = [...wanting, ...(job.operator === undefined ? [] : [job.operator])];
  const same = approving.some((one) => operators.some((other) => foldName(one) === foldName(other)));
  return same
    ? 'Who asked for a grant, or started its job, does not approve it, nor does a robot of theirs: somebody else must look at it.'
    : undefined;
}

/** The names of those who may be at work there; undefined for a robot that is no more. */
function whoIsBehind(
  { name, method, build }: Pick<Subject, 'name' | 'method' | 'build'>,
  robots: Pick<Robots, 'find'>,
): readonly string[] | undefined {
  const names = [name, ...(build?.operator === undefined ? [] : [build.operator])];
  if (method !== 'robot') return names;
  const robot = robots.find(name);
  return robot && [...names, robot.createdBy.name, ...(robot.rotatedBy ?? [])];
}
