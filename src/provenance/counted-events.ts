/** Refusals and failed logins: what can come as a flood is counted in groups, and written as records of several. */
import { networkOf } from '../policy/address.ts';
import { type Clock, timestamp } from '../store/clock.ts';
import { UA_LIMIT } from './fit-leaf.ts';
import { createGroups, type Groups, type Span } from './groups.ts';
import type { Actor, LoginFailedFacts, Peer, RecordDraft, RefusedFacts } from './record.ts';
import { RecordUnavailable } from './record-errors.ts';

export interface CountedEvents {
  /** Counts a refusal. Returns at once and never throws. */
  refused(facts: RefusedFacts): void;
  /** Counts a login that failed. Returns at once and never throws. */
  loginFailed(facts: LoginFailedFacts): void;
  /** Writes the groups whose minute is over. Never rejected. */
  tick(): Promise<void>;
  /** Writes everything that is counted. Never rejected. */
  flush(): Promise<void>;
}

export interface CountedEventsDeps {
  readonly clock: Clock;
  /** @throws {RecordUnavailable} when it cannot be written now; anything else when it can never be. */
  append(draft: RecordDraft): Promise<unknown>;
}

const GROUP_LIMIT = 10_000;
/** One address that tries name after name must not fill the disk. */
const GROUPS_OF_ADDRESS = 100;

export function createCountedEvents({ clock, append }: CountedEventsDeps): CountedEvents {
  /** Facts that no record can hold must not be tried for ever: then the event is counted without them. */
  async function appendGroup(draft: RecordDraft & { reason: string }, bare: (reason: string) => RecordDraft) {
    try {
      await append(draft);
    } catch (error) {
      if (error instanceof RecordUnavailable) throw error;
      await append(bare(draft.reason || 'several'));
    }
  }

  function groupsOf<F extends WhoFacts & { readonly reason: string }>(
    type: 'push.refused' | 'login.failed',
    others: F,
    inCommon: (facts: F) => F,
  ): Groups<F> {
    return createGroups<F>({
      clock,
      limit: GROUP_LIMIT,
      others,
      sourceLimit: GROUPS_OF_ADDRESS,
      inCommon,
      write: (facts, span) =>
        appendGroup({ type, ...facts, ...grouped(span) }, (reason) => ({ type, reason, ...grouped(span) })),
    });
  }
  const refusals = groupsOf<RefusedFacts>('push.refused', { reason: 'several' }, severalOf);
  const logins = groupsOf<LoginFailedFacts>('login.failed', { reason: 'several' }, severalOf);

  return {
    refused(facts) {
      const { subject, tag, token, action, reason, policy, grant } = facts;
      const what = [subject?.repo, tag?.name, token?.ip, action, reason, policy?.rules, grant];
      refusals.add(JSON.stringify([...whoOf(facts), ...what]), shortened(facts), sourceOf(facts));
    },
    loginFailed(facts) {
      logins.add(JSON.stringify([...whoOf(facts), facts.reason]), shortened(facts), sourceOf(facts));
    },
    async tick() {
      await Promise.all([refusals.tick(), logins.tick()]);
    },
    async flush() {
      await Promise.all([refusals.flush(), logins.flush()]);
    },
  };
}

function grouped({ count, since, until }: Span) {
  return { count, since: timestamp(since), until: timestamp(until) };
}

interface WhoFacts {
  readonly actor?: Actor | undefined;
  readonly peer?: Peer | undefined;
}

/** What a record of several events must say of each of them; other facts may differ, and are then left out. */
function whoOf({ actor, peer }: WhoFacts): readonly (string | undefined)[] {
  return [actor?.sub, actor?.kind, actor?.method, actor?.evidence, peer?.ip];
}

/** Whoever can cause many groups: a network, since one host has many addresses of IPv6. */
function sourceOf({ peer }: WhoFacts): string {
  return peer ? networkOf(peer.ip) : '';
}

/** The facts that all groups of one source have in common. */
function severalOf(facts: WhoFacts): {
  readonly reason: 'several';
  readonly network?: string;
  readonly peer?: Peer;
} {
  if (!facts.peer) return { reason: 'several' };
  const { ip } = facts.peer;
  const network = networkOf(ip);
  return network === ip ? { reason: 'several', peer: { ip } } : { reason: 'several', network };
}

/** Thousands of groups are kept at once, and a client's headers can be long. One more than a record keeps, so that the cut still shows. */
function shortened<F extends { readonly peer?: Peer | undefined }>(facts: F): F {
  const ua = facts.peer?.ua;
  if (ua === undefined || ua.length <= UA_LIMIT) return facts;
  return { ...facts, peer: { ...facts.peer, ua: ua.slice(0, UA_LIMIT + 1) } };
}
