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
import { type Clock, timestamp } from '../store/clock.ts';
import { failureSentence, isStorageFailure } from '../store/failure-sentence.ts';
import { type ClockJump, createClockWatch } from './clock-watch.ts';
import { type CountedEvents, createCountedEvents } from './counted-events.ts';
import { deletionIntent } from './deletion-records.ts';
import { fitLeaf } from './fit-leaf.ts';
import { createHealth, type RecordHealth } from './health.ts';
import { createLeftOpen } from './left-open.ts';
import { createLocks, type Hold } from './locks.ts';
import type { Concluded, Held, LastOfTag, LogCounters, LogStore } from './log-store.ts';
import { pushIntent } from './push-records.ts';
import {
  type Intent,
  type IntentOutcome,
  outcomeSchema,
  type PushRecord,
  type RecordDraft,
  recordSchema,
  referenceOf,
} from './record.ts';
import { RecordBusy, RecordUnavailable } from './record-errors.ts';
import { type Looks, settleIntent } from './settle.ts';
import { createSharedLocks } from './shared-locks.ts';
import { uuidV7 } from './uuid.ts';

export interface RecorderDeps {
  /** Closed by whoever opened it, after the recorder. */
  readonly store: LogStore;
  readonly clock: Clock;
  /** At least `size` bytes that nobody can guess. */
  random(size: number): Uint8Array;
  /** What `proxy` says in each record. */
  readonly instance: string;
  readonly version: string;
  /** In bytes, on the disk of the log: see free-bytes. */
  freeBytes(): Promise<number>;
  /** Below this, pushes stop while those under way can still be concluded. */
  readonly minimumFreeBytes: number;
  /** Called at each change. Must not throw. */
  onHealth?(health: RecordHealth): void;
  /** Told why what another instance left open could not be settled. Must not throw. */
  onFailure?(error: unknown): void;
}

export interface Recorder extends Pick<CountedEvents, 'refused' | 'loginFailed'> {
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
   * Whether what is intended may still be carried out: another instance takes it over when this one was not heard of for
   * too long, as after it was stopped. By this process' own clock, so to be asked right before.
   */
  holds(): boolean;
  /**
   * Ends an intent with its record, durably and in one step.
   *
   * @throws {RecordUnavailable} when it cannot be written: the intent is open still, and `settleOne` goes on with it.
   */
  conclude(intentId: string, outcome: IntentOutcome): Promise<{ readonly index: number }>;
  /** @throws {RecordUnavailable} when it cannot be written. */
  append(draft: RecordDraft): Promise<{ readonly index: number }>;
  lastOf(repo: string, tag: string): Promise<LastOfTag | undefined>;
  /** Settles what an earlier process left open; those references stay locked until then. Fulfilled when all are settled, or the recorder is closed. */
  settle(looks: Looks): Promise<void>;
  /**
   * Settles a push or deletion of this process whose outcome is not known, or could not be recorded. Under its lock: pass the promise
   * to `hold` where the client is answered earlier. Undefined when the recorder was closed first.
   */
  settleOne(intent: Intent, looks: Looks): Promise<Concluded | undefined>;
  /** Intents that are not settled yet of those found at the start, for metrics. */
  unsettled(): number;
  counters(): Promise<LogCounters>;
  /** Writes what is counted, and ends. Idempotent. The store stays open. */
  close(): Promise<void>;
}

const TICK_MS = 1_000;
/** Of those that wait for a disk. */
const JUMPS_KEPT = 100;
/** Milliseconds for what is counted, when the process ends. */
const CLOSE_MS = 10_000;

/**
 * Reads what an earlier process left open, and takes its locks, before anybody can push. Where the log cannot be read it
 * starts all the same, says why in its health, and tries again each second.
 */
export async function createRecorder(deps: RecorderDeps): Promise<Recorder> {
  const { store, clock } = deps;
  const proxy = { instance: deps.instance, version: deps.version };
  const ending = new AbortController();
  const health = createHealth({
    probe: () => (begun ? store.probe() : begin()),
    freeBytes: deps.freeBytes,
    minimumFreeBytes: deps.minimumFreeBytes,
    onHealth: (state) => deps.onHealth?.(state),
  });
  store.onTrouble?.(health.failed);
  const own = createLocks();
  const { claims } = store;
  const locks = claims
    ? createSharedLocks(own, { acquire: (...place) => read(() => claims.acquire(...place)) })
    : own;
  const newId = (): string => uuidV7(clock.now(), deps.random(10));

  let begun = false;
  const reading = Promise.withResolvers<void>();
  const left = createLeftOpen({
    ...{ store, locks: own, clock, conclude: end, signal: ending.signal },
    onFailure: (error) => deps.onFailure?.(error),
  });

  /** What an earlier process left is locked before anybody can push, so nothing is written until it has been read. */
  async function begin(): Promise<void> {
    await left.adopt();
    begun = true;
    reading.resolve();
    // A log that has its first record is not written by that, and whether it can be is not for the first push to find out.
    await requireOpened()
      .then(() => write(store.probe))
      .catch(() => undefined);
  }

  function requireBegun(): void {
    if (begun) return;
    const state = health.current();
    throw new RecordUnavailable(state.writable ? 'the push log is not read yet' : state.why);
  }

  /** A reading that shares a group with a write that fails fails with it. */
  async function read<T>(reading: () => Promise<T>): Promise<T> {
    requireBegun();
    try {
      return await reading();
    } catch (error) {
      health.failed(error);
      if (!isStorageFailure(error)) throw error;
      throw new RecordUnavailable(failureSentence('the push log', error), error);
    }
  }

  async function write<T>(writing: () => Promise<T>): Promise<T> {
    const value = await read(writing);
    health.succeeded();
    return value;
  }

  function stamp(): { v: 1; time: string; proxy: typeof proxy } {
    return { v: 1, time: timestamp(clock.now()), proxy };
  }

  async function recordOf(draft: RecordDraft): Promise<PushRecord> {
    requireBegun();
    await requireOpened();
    return recordSchema.parse(fitLeaf({ id: newId(), ...stamp(), ...draft }));
  }

  async function append(draft: RecordDraft, under?: Held): Promise<{ readonly index: number }> {
    const record = await recordOf(draft);
    return write(() => store.append(record, under));
  }

  /** What was counted must not be counted twice, however long it takes to find out. */
  async function appendSurely(draft: RecordDraft): Promise<{ readonly index: number }> {
    const record = await recordOf(draft);
    return write(() => store.appendSurely(record));
  }

  let opened = false;
  let opening: Promise<void> | undefined;
  /** The first record of a log says when it began. On a full disk that waits like everything else. */
  async function requireOpened(): Promise<void> {
    if (opened) return;
    const first = recordSchema.parse({ type: 'log.opened', id: newId(), ...stamp() });
    opening ??= write(() => store.begin(first)).then(
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

  const counted = createCountedEvents({ clock, append: appendSurely });

  async function end(intentId: string, outcome: IntentOutcome): Promise<Concluded> {
    const ending = outcomeSchema.parse(outcome);
    const added = { ...stamp(), ...fitLeaf(ending) };
    return write(() => store.conclude(intentId, added));
  }

  const lookAtClock = createClockWatch(clock);
  const jumps: ClockJump[] = [];
  /** Waits, like all that is counted, while nothing can be written. */
  async function recordJumps(): Promise<void> {
    for (let jump = jumps[0]; jump !== undefined; jump = jumps[0]) {
      const { expected, shown } = jump;
      await append({
        type: 'clock.jumped',
        clock: { expected: timestamp(expected), shown: timestamp(shown) },
      });
      jumps.shift();
    }
  }

  async function beat(): Promise<void> {
    while (!ending.signal.aborted) {
      const jump = lookAtClock();
      if (jump && jumps.length < JUMPS_KEPT) jumps.push(jump);
      await health.tick();
      if (begun) await left.adopt().catch(health.failed);
      // While nothing can be written the groups wait: trying thousands each second would only add to the trouble.
      if (health.current().writable) {
        await recordJumps().catch(() => undefined);
        await counted.tick();
      }
      await clock.sleep(TICK_MS, ending.signal);
    }
  }
  await begin().catch((error: unknown) => {
    if (!isStorageFailure(error)) throw error;
    health.failed(error);
  });
  await health.tick();
  const beating = beat();
  let closing: Promise<void> | undefined;

  return {
    health: health.current,
    newId,
    withLock: locks.withLock,
    withRepository: locks.withRepository,
    async reconcileTag(repo, tag, found) {
      const last = await read(() => store.lastOf(repo, tag));
      if (last?.digest === found) return false;
      const drift: RecordDraft = {
        type: 'tag.drift',
        subject: { repo, digest: found },
        tag: { name: tag, from: last?.digest },
      };
      await append(drift, { repo, reference: tag });
      return true;
    },
    async intend(intent) {
      const fitted = fitLeaf(intent);
      const body = 'deletes' in fitted ? deletionIntent.parse(fitted) : pushIntent.parse(fitted);
      const state = health.current();
      if (!state.writable) throw new RecordUnavailable(state.why);
      await requireOpened();
      const reference = referenceOf(body);
      const { repo } = body.subject;
      const intended = { id: body.id, repo, reference, body, at: Date.parse(body.began) };
      if (!(await write(() => store.intend(intended)))) throw new RecordBusy(repo, reference);
    },
    holds: () => store.holds?.() ?? true,
    async conclude(intentId, outcome) {
      const { index, type } = await end(intentId, outcome);
      // Whoever held this process for dead has settled it, and what is recorded stays.
      if (type !== outcome.type) throw new RecordUnavailable(`${intentId} is on record as ${type} already`);
      return { index };
    },
    append: (draft) => append(draft),
    lastOf: (repo, tag) => read(() => store.lastOf(repo, tag)),
    refused: counted.refused,
    loginFailed: counted.loginFailed,
    async settle(looks) {
      await reading.promise;
      await left.settle(looks);
    },
    settleOne: (intent, looks) =>
      settleIntent({ clock, conclude: end }, intent, clock.now(), looks, ending.signal),
    unsettled: left.unsettled,
    counters: store.counters,
    close() {
      closing ??= (async () => {
        ending.abort();
        reading.resolve();
        // A database that does not say what became of a record is not waited for without end.
        await Promise.race([beating.then(counted.flush), clock.sleep(CLOSE_MS)]);
      })();
      return closing;
    },
  };
}
