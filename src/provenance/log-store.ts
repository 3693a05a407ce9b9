/**
 * Where the push log is kept, behind one interface: a SQLite file of one process, or a PostgreSQL database that several
 * share. There is one order of records whoever writes, without a gap.
 *
 * Every function rejects with a StoreError when the storage fails. Whether what was asked for happened then is found out
 * by asking again: ids are unique, so `conclude` and `append` of what is there already answer what is there.
 */
import type { Intent, IntentOutcome, PushRecord, RecordType } from './record.ts';

export interface OpenIntent {
  readonly id: string;
  readonly repo: string;
  /** The tag, or without one the digest. */
  readonly reference: string;
  readonly body: Intent;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the log last said about a tag. `digest` is absent after a deletion. */
export interface LastOfTag {
  readonly index: number;
  readonly digest?: string;
}

export interface LogCounters {
  readonly size: number;
  /** Transactions that wrote, since the start. */
  readonly commits: number;
  /** Calls that wrote, since the start. */
  readonly writes: number;
}

/** What is added to an intent to make it a record. */
export type Ending = IntentOutcome & Pick<PushRecord, 'v' | 'time' | 'proxy'>;

export interface Concluded {
  readonly index: number;
  /** Another than was asked for where somebody else had settled the intent before. */
  readonly type: RecordType;
}

/** The write side. What is fulfilled is durable. */
export interface LogStore {
  /** @returns false while another intent of this repository and reference is open. */
  intend(intent: OpenIntent): Promise<boolean>;
  /** Ends the intent and adds its record, in one step. */
  conclude(id: string, ending: Ending): Promise<Concluded>;
  /**
   * @param under only while this is claimed, where others can write.
   * @throws {RecordBusy} where it is not claimed any more.
   */
  append(record: PushRecord, under?: Held): Promise<{ readonly index: number }>;
  /** The same for what must not be recorded twice: rejected only where it is known that nothing was added. */
  appendSurely(record: PushRecord): Promise<{ readonly index: number }>;
  /** Adds the first record of the log; where there is one already, nothing. */
  begin(record: PushRecord): Promise<void>;
  lastOf(repo: string, tag: string): Promise<LastOfTag | undefined>;
  /** Intents of processes that ended, which are this one's to settle from now on. Each is answered once. */
  takeOver(): Promise<readonly OpenIntent[]>;
  counters(): Promise<LogCounters>;
  /** A tiny durable write. */
  probe(): Promise<void>;
  close(): Promise<void>;
  /** Absent where nobody else can write. */
  readonly claims?: Claims;
  /** Whether nobody can have taken over yet what is intended here. Absent where nobody else can. */
  holds?(): boolean;
  /** The storage was found not to answer, by no call of the listener's. */
  onTrouble?(listener: (error: unknown) => void): void;
}

/** What is held across processes: a repository and a reference in it, or '' for all of it. */
export interface Held {
  readonly repo: string;
  readonly reference: string;
}

/** Keeps other processes out of a reference, or without one out of the whole repository. */
export interface Claims {
  /**
   * @returns what gives it back, and is never rejected.
   * @throws {RecordBusy} when it was another's for too long, or the signal was aborted.
   */
  acquire(repo: string, reference: string | undefined, signal?: AbortSignal): Promise<() => Promise<void>>;
}

/** The read side, beside whoever writes. */
export interface LogReader {
  /** How many entries there are: indexes 0 to size - 1. */
  size(): Promise<number>;
  /**
   * The bytes of leaves in their order, beginning with index `from`: at most `limit` of them, fewer at the end of the log.
   * What it answers stays as it is for ever.
   */
  entries(from: number, limit: number): Promise<readonly Uint8Array[]>;
  close(): Promise<void>;
}
