/** Finds what somebody was refused, or let do, by the id of the decision: among those of the last days, then in the record. */
import type { PushItem } from '../audit/audit.ts';
import type { Settings } from '../config/settings.ts';
import { findDecision, KEPT_OF_NETWORK, type KeptDecision } from '../history/decisions.ts';
import { KEPT_MS, KEPT_ROWS } from '../history/decisions-thread.ts';
import { RULE_ACTIONS, spellOut } from '../policy/actions.ts';
import { type Action, type Question, UNKNOWN } from '../policy/facts.ts';
import { withDatabaseOf } from './open-log.ts';
import { openAuditOf } from './open-record.ts';

export type OpenedDecision =
  | {
      readonly ok: true;
      readonly decision: KeptDecision;
      /** What the record does not have of the facts of then, one sentence each. */
      readonly lacking: readonly string[];
    }
  | { readonly ok: false; readonly reason: string };

const ID = /^[0-9a-f]{16}$/;
const DAY_MS = 86_400_000;

type Places = Pick<Settings, 'data' | 'store'>;

/** @throws {Error} with one sentence that names what cannot be read. */
export async function openDecision(settings: Places, id: string): Promise<OpenedDecision> {
  if (!ID.test(id))
    return { ok: false, reason: `${JSON.stringify(id)} is no id of a decision: expected 16 hex digits` };
  const kept = await withDatabaseOf(settings, (postgres) => findDecision(settings.data, postgres, id));
  if (kept !== undefined) return { ok: true, decision: kept, lacking: [] };
  const recorded = await findRecorded(settings, id);
  if (recorded !== undefined) return recorded;
  const limits = `refusals are kept for ${KEPT_MS / DAY_MS} days, ${KEPT_OF_NETWORK} an hour of one network, ${KEPT_ROWS} in all`;
  return {
    ok: false,
    reason: `no decision ${id} is kept (${limits}) or in the record; Warden's log has the request under this requestId`,
  };
}

/** From the newest back, a page at a time: the record has no index for these. */
async function findRecorded(settings: Places, id: string): Promise<OpenedDecision | undefined> {
  const opened = await openAuditOf(settings);
  try {
    for (let cursor: string | undefined; ; ) {
      const page = await opened.audit.ask(
        'pushes',
        { limit: '1000', ...(cursor !== undefined && { cursor }) },
        () => true,
      );
      for (const item of page.items as readonly PushItem[]) {
        if ('policy' in item && item.policy && 'decision' in item.policy && item.policy.decision === id)
          return fromRecord(id, item);
      }
      if (page.next === undefined) return undefined;
      cursor = page.next;
    }
  } finally {
    await opened.close();
  }
}

function fromRecord(id: string, item: PushItem): OpenedDecision {
  const refused = (reason: string): OpenedDecision => ({
    ok: false,
    reason: `the record of decision ${id} (entry ${item.index}) ${reason}`,
  });
  if (!('actor' in item) || !item.actor || !item.peer || !('policy' in item)) return refused('names nobody');
  const { actor, peer, policy } = item;
  if (policy === undefined || !('rules' in policy) || policy.digest === undefined)
    return refused('names no policy');
  const actions = actionsOf(item);
  if (actions.length === 0) return refused('does not say what was done');
  const time = Date.parse('began' in item ? item.began : item.since);
  const tag = 'tag' in item ? item.tag?.name : undefined;
  // Parts of a push were judged before anybody knew its tag; a deletion without one is of no tag.
  const noTag = actions.includes('delete') ? undefined : UNKNOWN;
  const token = 'token' in item ? item.token?.ip : undefined;
  const repository = 'subject' in item ? item.subject?.repo : undefined;
  const question: Question = {
    subject: { name: actor.sub, kind: actor.kind, method: actor.method, groups: actor.groups ?? [] },
    address: peer.ip,
    tokenAddress: token ?? peer.ip,
    repository: repository ?? UNKNOWN,
    actions,
    tag: tag ?? noTag,
    time,
    client: peer.ua,
    certificates: peer.tls?.names ?? [],
  };
  const lacking = [
    ...(actor.kind === 'build'
      ? ['the record has no claims of the build: rules about them read as not met']
      : []),
    ...(item.type === 'push.refused' && actions.length > 1
      ? ['the record does not say whether the tag existed']
      : []),
    ...(token === undefined ? ['the record does not say where the token was fetched'] : []),
  ];
  return { ok: true, decision: { id, time, policy: policy.digest, question }, lacking };
}

function actionsOf(item: PushItem): readonly Action[] {
  switch (item.type) {
    case 'push.accepted':
    case 'push.aborted':
      if (item.tag === undefined) return ['create'];
      return [item.tag.from === undefined ? 'create' : 'overwrite'];
    case 'push.refused':
      return RULE_ACTIONS.filter((word) => word === item.action).flatMap(spellOut);
    case 'tag.deleted':
    case 'manifest.deleted':
    case 'blob.deleted':
    case 'delete.aborted':
      return ['delete'];
    default:
      return [];
  }
}
