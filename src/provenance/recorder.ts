/**
 * The write side of the record: an intent before the registry is asked, a record before the client is told.
 *
 * What holds, whatever crashes when:
 * I1 a client that was told 201: the record is durable.
 * I2 a push.accepted record: the registry said so, or recovery saw it there.
 * I3 each intent ends in exactly one record.
 * I4 for each tag, `tag.from` is the digest of the record before, unless a tag.drift record stands between.
 * I5 nothing reaches the registry's manifest address before its intent is durable.
 * Deletions are held to the same: an intent before, a record before the client is told, settled by looking.
 */
import { statfs } from 'node:fs/promises';
import { networkOf } from '../policy/address.ts';
import { type Clock, timestamp } from '../store/clock.ts';
import { failureSentence, isConstraint, isStorageFailure } from '../store/failure-sentence.ts';
import type { Thread } from '../store/thread.ts';
import { fitLeaf, UA_LIMIT } from './fit-leaf.ts';
import { createGroups, type Span } from './groups.ts';
import { createHealth, type RecordHealth } from './health.ts';
import { createLocks, type Hold } from './locks.ts';
import type { LastOfTag, LogCounters, OpenIntent } from './log-thread.ts';
import {
  type Actor,
  deletionIntentSchema,
  holdsRepository,
  type Intent,
  type IntentOutcome,
  intentSchema,
  type LoginFailedFacts,
  outcomeSchema,
  type Peer,
  type RecordDraft,
  type RefusedFacts,
  recordSchema,
  referenceOf,
} from './record.ts';
import { RecordBusy, RecordUnavailable } from './record-errors.ts';
import { type Looks, type Settled, settleIntent } from './settle.ts';
import { uuidV7 } from './uuid.ts';

export interface RecorderDeps {
  /** Over log-thread. Closed by whoever started it, after the recorder. */
  readonly thread: Thread;
  readonly clock: Clock;
  /** At least `size` bytes that nobody can guess. */
  random(size: number): Uint8Array;
  /** What `proxy` says in each record. */
  readonly instance: string;
  readonly version: string;
  /** In bytes, on the disk of the log: `freeBytesOf(folder)`. */
  freeBytes(): Promise<number>;
  /** Below this, pushes stop while those under way can still be concluded. */
  readonly minimumFreeBytes: number;
  /** Called at each change. Must not throw. */
  onHealth?(health: RecordHealth): void;
}

export interface Recorder {
  /** Whether pushes can be taken. Asked before the first byte of an upload. */
  health(): RecordHealth;
  /** A new id for an intent: a UUID of version 7. */
  newId(): string;
  withLock<T>(
    repo: string,
    reference: string,
    work: (hold: Hold) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T>;
  /** For the deletion of a manifest, which takes every tag along that shows it. */
  withRepository<T>(repo: string, work: (hold: Hold) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /**
   * Compares what the registry shows under a tag with what the log last said, and records a difference as tag.drift.
   * Under the tag's lock, before `intend`.
   *
   * @returns whether they differed.
   */
  reconcileTag(repo: string, tag: string, found: string | undefined): Promise<boolean>;
  /**
   * Durable when fulfilled.
   *
   * @throws {RecordBusy} while another intent of this repository and reference is open.
   * @throws {RecordUnavailable} when it cannot be written.
   * @throws {WardenError} MANIFEST_REFUSED when what must be recorded does not fit into a leaf.
   */
  intend(intent: Intent): Promise<void>;
  /**
   * Ends an intent with its record, durably and in one step.
   *
   * @throws {RecordUnavailable} when it cannot be written: the intent is open still, and `settleOne` goes on with it.
   */
  conclude(intentId: string, outcome: IntentOutcome): Promise<{ readonly index: number }>;
  /** @throws {RecordUnavailable} when it cannot be written. */
  append(draft: RecordDraft): Promise<{ readonly index: number }>;
  lastOf(repo: string, tag: string): Promise<LastOfTag | undefined>;
  /** Counts a refusal. Returns at once and never throws. */
  refused(facts: RefusedFacts): void;
  /** Counts a login that failed. Returns at once and never throws. */
  loginFailed(facts: LoginFailedFacts): void;
  /** Settles what an earlier process left open; those references stay locked until then. Fulfilled when all are settled, or the recorder is closed. */
  settle(looks: Looks): Promise<void>;
  /**
   * Settles a push or deletion of this process whose outcome is not known, or could not be recorded. Under its lock: pass the promise
   * to `hold` where the client is answered earlier. Undefined when the recorder was closed first.
   */
  settleOne(intent: Intent, looks: Looks): Promise<Settled | undefined>;
  /** Intents that are not settled yet of those found at the start, for metrics. */
  unsettled(): number;
  counters(): Promise<LogCounters>;
  /** Writes what is counted, and ends. Idempotent. The thread stays open. */
  close(): Promise<void>;
}

const TICK_MS = 1_000;
const GROUP_LIMIT = 10_000;
/** One address that tries name after name must not fill the disk. */
const GROUPS_OF_ADDRESS = 100;

/** Free space for those who may not use the reserve of root. */
export function freeBytesOf(folder: string): () => Promise<number> {
  return async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
}

/** Reads what an earlier process left open, and takes its locks, before anybody can push. */
export async function createRecorder(deps: RecorderDeps): Promise<Recorder> {
  const { thread, clock } = deps;
  const proxy = { instance: deps.instance, version: deps.version };
  const locks = createLocks();
  const ending = new AbortController();
  const health = createHealth({
    probe: () => thread.call<void>('probe'),
    freeBytes: deps.freeBytes,
    minimumFreeBytes: deps.minimumFreeBytes,
    onHealth: (state) => deps.onHealth?.(state),
  });
  const newId = (): string => uuidV7(clock.now(), deps.random(10));

  /** A reading that shares a group with a write that fails fails with it. */
  async function read<T>(name: string, args: unknown): Promise<T> {
    try {
      return await thread.call<T>(name, args);
    } catch (error) {
      health.failed(error);
      if (!isStorageFailure(error)) throw error;
      throw new RecordUnavailable(failureSentence('the push log', error), error);
    }
  }

  async function write<T>(name: string, args: unknown): Promise<T> {
    const value = await read<T>(name, args);
    health.succeeded();
    return value;
  }

  function stamp(): { v: 1; time: string; proxy: typeof proxy } {
    return { v: 1, time: timestamp(clock.now()), proxy };
  }

  async function append(draft: RecordDraft): Promise<{ readonly index: number }> {
    await requireOpened();
    const record = fitLeaf({ id: newId(), ...stamp(), ...draft });
    return write('append', recordSchema.parse(record));
  }

  let opened = (await thread.call<LogCounters>('counters')).size > 0;
  let opening: Promise<void> | undefined;
  /** The first record of a log says when it began. On a full disk that waits like everything else. */
  async function requireOpened(): Promise<void> {
    if (opened) return;
    opening ??= write('append', recordSchema.parse({ type: 'log.opened', id: newId(), ...stamp() })).then(
      () => {
        opened = true;
      },
      (error: unknown) => {
        opening = undefined;
        throw error;
      },
    );
    await opening;
  }

  function grouped({ count, since, until }: Span) {
    return { count, since: timestamp(since), until: timestamp(until) };
  }
  /** Facts that no record can hold must not be tried for ever: then the event is counted without them. */
  async function appendGroup(draft: RecordDraft & { reason: string }, bare: (reason: string) => RecordDraft) {
    try {
      await append(draft);
    } catch (error) {
      if (error instanceof RecordUnavailable) throw error;
      await append(bare(draft.reason || 'several'));
    }
  }
  const refusals = createGroups<RefusedFacts>({
    clock,
    limit: GROUP_LIMIT,
    others: { reason: 'several' },
    sourceLimit: GROUPS_OF_ADDRESS,
    inCommon: severalOf,
    write: (facts, span) =>
      appendGroup({ type: 'push.refused', ...facts, ...grouped(span) }, (reason) => ({
        type: 'push.refused',
        reason,
        ...grouped(span),
      })),
  });
  const logins = createGroups<LoginFailedFacts>({
    clock,
    limit: GROUP_LIMIT,
    others: { reason: 'several' },
    sourceLimit: GROUPS_OF_ADDRESS,
    inCommon: severalOf,
    write: (facts, span) =>
      appendGroup({ type: 'login.failed', ...facts, ...grouped(span) }, (reason) => ({
        type: 'login.failed',
        reason,
        ...grouped(span),
      })),
  });

  async function conclude(intentId: string, outcome: IntentOutcome): Promise<{ readonly index: number }> {
    return write('conclude', {
      id: intentId,
      added: { ...stamp(), ...fitLeaf(outcomeSchema.parse(outcome)) },
    });
  }

  const left = (await thread.call<OpenIntent[]>('intents')).map((intent) => ({
    intent,
    release: locks.take(intent.repo, holdsRepository(intent.body) ? undefined : intent.reference),
  }));
  let unsettled = left.length;

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      await health.tick();
      // While nothing can be written the groups wait: trying thousands each second would only add to the trouble.
      if (health.current().writable) await Promise.all([refusals.tick(), logins.tick()]);
      await clock.sleep(TICK_MS, ending.signal);
    }
  }
  await requireOpened().catch(() => undefined);
  await health.tick();
  const beating = beat();
  let closing: Promise<void> | undefined;

  return {
    health: health.current,
    newId,
    withLock: locks.withLock,
    withRepository: locks.withRepository,
    async reconcileTag(repo, tag, found) {
      const last = await read<LastOfTag | undefined>('lastOf', { repo, tag });
      if (last?.digest === found) return false;
      await append({
        type: 'tag.drift',
        subject: { repo, digest: found },
        tag: { name: tag, from: last?.digest },
      });
      return true;
    },
    async intend(intent) {
      const fitted = fitLeaf(intent);
      const body = 'deletes' in fitted ? deletionIntentSchema.parse(fitted) : intentSchema.parse(fitted);
      const state = health.current();
      if (!state.writable) throw new RecordUnavailable(state.why);
      await requireOpened();
      const reference = referenceOf(body);
      const { repo } = body.subject;
      try {
        await write('intend', { id: body.id, repo, reference, body, at: Date.parse(body.began) });
      } catch (error) {
        if (isConstraint(error)) throw new RecordBusy(repo, reference);
        throw error;
      }
    },
    conclude,
    append,
    lastOf: (repo, tag) => read('lastOf', { repo, tag }),
    refused(facts) {
      const { subject, tag, token, action, reason, policy } = facts;
      const what = [subject?.repo, tag?.name, token?.ip, action, reason, policy?.rules];
      refusals.add(JSON.stringify([...whoOf(facts), ...what]), shortened(facts), sourceOf(facts));
    },
    loginFailed(facts) {
      logins.add(JSON.stringify([...whoOf(facts), facts.reason]), shortened(facts), sourceOf(facts));
    },
    async settle(looks) {
      await Promise.all(
        left.splice(0).map(async ({ intent, release }) => {
          const settled = await settleIntent(
            { clock, conclude },
            intent.body,
            intent.at,
            looks,
            ending.signal,
          );
          if (!settled) return;
          unsettled--;
          release();
        }),
      );
    },
    settleOne: (intent, looks) =>
      settleIntent({ clock, conclude }, intent, clock.now(), looks, ending.signal),
    unsettled: () => unsettled,
    counters: () => thread.call('counters'),
    close() {
      closing ??= (async () => {
        ending.abort();
        await beating;
        await Promise.all([refusals.flush(), logins.flush()]);
      })();
      return closing;
    },
  };
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
