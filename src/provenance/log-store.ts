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
  append(record: PushRecord): Promise<{ readonly index: number }>;
  /** Adds the first record of the log; where there is one already, nothing. */
  begin(record: PushRecord): Promise<void>;
  lastOf(repo: string, tag: string): Promise<LastOfTag | undefined>;
  /** Intents of processes that ended, which are this one's to settle from now on. Each is answered once. */
  takeOver(): Promise<readonly OpenIntent[]>;
  counters(): Promise<LogCounters>;
  /** A tiny durable write. */
  probe(): Promise<void>;
  close(): Promise<void>;
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
