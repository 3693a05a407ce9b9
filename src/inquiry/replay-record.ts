/** Replays what the record and the inventory hold of the last days. A page at a time, so that its length costs no memory. */
import type { Audit, PullItem, PushItem } from '../audit/audit.ts';
import type { Policy } from '../policy/policy.ts';
import type { KnownUsers } from '../policy/rights/ask.ts';
import { recordedOf, recordedPull } from './recorded.ts';
import { createReplay, type ReplayAnswer } from './replay.ts';

export interface ReplayOptions {
  readonly audit: Pick<Audit, 'ask'>;
  readonly before: Policy;
  readonly after: Policy;
  /** Milliseconds since 1970; older requests are left out. */
  readonly since: number;
  /** Of now, for the groups of whoever pulled. */
  readonly users: KnownUsers | undefined;
}

const PAGE = '500';

/** @throws {StoreError} when the record cannot be read. */
export async function replayRecord({
  audit,
  before,
  after,
  since,
  users,
}: ReplayOptions): Promise<ReplayAnswer> {
  const replay = createReplay(before, after);
  const from = new Date(since).toISOString();
  for (const which of [{ result: 'all' }, { type: 'delete.aborted' }]) {
    await eachPage<PushItem>(audit, 'pushes', { ...which, since: from }, (item) => {
      const recorded = recordedOf(item);
      if (typeof recorded === 'string') replay.omit(recorded, 'count' in item ? item.count : 1);
      else if (recorded !== undefined) replay.add(recorded);
    });
  }
  await eachPage<PullItem>(audit, 'pulls', { since: from }, (item) => replay.add(recordedPull(item, users)));
  return replay.answer();
}

async function eachPage<T>(
  audit: Pick<Audit, 'ask'>,
  kind: 'pushes' | 'pulls',
  filters: Readonly<Record<string, string>>,
  take: (item: T) => void,
): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await audit.ask(
      kind,
      { ...filters, limit: PAGE, ...(cursor !== undefined && { cursor }) },
      () => true,
    );
    // The kind says what the items are.
    for (const item of page.items as readonly T[]) take(item);
    cursor = page.next;
  } while (cursor !== undefined);
}
