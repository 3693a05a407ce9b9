/** The read side of the record: questions to the index, which is kept filled from the log besides. */
import { hash } from 'node:crypto';
import { WardenError } from '../errors.ts';
import type { ImagesOfChain, KnownImage } from '../provenance/known-image.ts';
import type { LogReader } from '../provenance/log-store.ts';
import type { PushRecord } from '../provenance/record.ts';
import type { Clock } from '../store/clock.ts';
import type { FoundEntry } from './entry-of.ts';
import type { RecordQuestion, RecordRows } from './filters.ts';
import type { IndexBatch, IndexMark } from './index-thread.ts';
import type { ManifestState } from './manifest-state.ts';
import type { Plan } from './plan.ts';
import type { QUESTIONS, QuestionName } from './questions.ts';
import { readRecords } from './read-records.ts';

/** Where the index is kept. SQLite in a thread, or a database that others share. */
export interface IndexStore {
  mark(): Promise<IndexMark>;
  /** @returns where it is afterwards; a batch that does not go on from its watermark changes nothing. */
  add(batch: IndexBatch): Promise<IndexMark>;
  /** Ends a long filling, where one is at its end. */
  finish(): Promise<IndexMark>;
  /** Empties it. */
  clear(): Promise<IndexMark>;
  /** Runs one of QUESTIONS. */
  ask(name: QuestionName, args: unknown): Promise<{ readonly answer: unknown; readonly mark: IndexMark }>;
}

type AnswerOf<N extends QuestionName> = ReturnType<(typeof QUESTIONS)[N]> extends Plan<infer T> ? T : never;
type ArgsOf<N extends QuestionName> = Parameters<(typeof QUESTIONS)[N]>[0];

export interface Answered<T> {
  readonly answer: T;
  /** The answer covers the log's entries with an index below it. */
  readonly watermark: number;
}

export interface RecordIndex {
  /**
   * Sees every entry that was in the log when it was asked.
   *
   * @throws {WardenError} OVERLOADED while a server's index is being made.
   */
  ask<N extends QuestionName>(name: N, args: ArgsOf<N>): Promise<Answered<AnswerOf<N>>>;
  find(question: RecordQuestion): Promise<Answered<RecordRows>>;
  /** Whether the log has an accepted push of exactly this manifest into this repository. */
  accepted(repository: string, digest: string): Promise<boolean>;
  /** What the record last said of exactly this manifest. */
  stateOf(repository: string, digest: string): Promise<ManifestState>;
  imagesOfChain: ImagesOfChain;
  /** Where the record with this id stands. */
  entryOf(id: string): Promise<FoundEntry | undefined>;
  /** The records of these indexes, in their order. */
  records(indexes: readonly number[]): Promise<readonly PushRecord[]>;
  /** @returns how many entries of the log are indexed now. */
  catchUp(): Promise<number>;
  /** Ends the filling. Store and log stay open. Idempotent. */
  close(): Promise<void>;
}

export interface RecordIndexDeps {
  readonly store: IndexStore;
  readonly log: LogReader;
  readonly clock: Clock;
  /**
   * In a server: fill in this rhythm, in milliseconds, so that a question after a quiet year need not wait for it; and
   * nobody is made to wait for a long filling. A command leaves it out.
   */
  readonly fillEveryMs?: number;
  /** Told why a filling failed. Must not throw. */
  onFailure?(error: unknown): void;
  /** Told that the index cannot be filled here, and how many entries answers cover. Must not throw. */
  onBehind?(covered: number, size: number): void;
  /** Told how far a long filling is: entries. Must not throw. */
  onProgress?(done: number, size: number): void;
}

/** Leaves that are handed to the store at once: some milliseconds of work. */
const BATCH = 1_000;
const LARGE_BATCH = 2_000;
/** Entries that a server's question waits for. */
const WAIT_LIMIT = 20_000;

export function createRecordIndex(deps: RecordIndexDeps): RecordIndex {
  const { store, log, clock, fillEveryMs, onFailure, onProgress, onBehind } = deps;
  const ending = new AbortController();
  let sameLog: Promise<void> | undefined;
  let filling: Promise<number> | undefined;
  /** As it was last heard. */
  let known: IndexMark | undefined;
  const beating = fillEveryMs === undefined ? Promise.resolve() : beat(fillEveryMs);

  /** An index of another log (restored from a backup, or begun anew) is emptied: the hash of the last entry tells. */
  async function requireSameLog(): Promise<void> {
    const { watermark, last, fixed } = await store.mark();
    if (watermark === 0) return;
    const [leaf] = await log.entries(watermark - 1, 1);
    if (leaf !== undefined && hash('sha256', leaf) === last) return;
    if (fixed) throw new Error('the index is of another log, and cannot be written here');
    await store.clear();
  }

  async function fill(): Promise<number> {
    sameLog ??= requireSameLog().catch((error: unknown) => {
      sameLog = undefined;
      throw error;
    });
    await sameLog;
    for (known = await store.mark(); ; ) {
      const { watermark, bulk, fixed } = known;
      const size = await log.size();
      if (fixed && watermark < size) onBehind?.(watermark, size);
      if (fixed || ending.signal.aborted) return watermark;
      const leaves =
        watermark < size && !known.ending
          ? await log.entries(watermark, bulk ? LARGE_BATCH : BATCH)
          : undefined;
      if (leaves !== undefined && leaves.length > 0) {
        onProgress?.(watermark, size);
        known = await store.add({ from: watermark, leaves, size });
      } else if (bulk) {
        known = await store.finish();
      } else {
        return watermark;
      }
    }
  }

  /** One at a time. A caller may have to wait for the one after the present one, which began before its entry was there. */
  async function catchUp(): Promise<number> {
    const before = filling;
    await before?.catch(() => undefined);
    if (filling === undefined || filling === before) {
      filling = fill().finally(() => {
        filling = undefined;
      });
    }
    return filling;
  }

  async function beat(everyMs: number): Promise<void> {
    while (!ending.signal.aborted) {
      await catchUp().catch((error: unknown) => onFailure?.(error));
      await clock.sleep(everyMs, ending.signal);
    }
  }

  /** Nobody's request hangs for the minutes that it takes to index millions of entries. */
  async function requireFilled(): Promise<void> {
    if (fillEveryMs !== undefined) {
      // Not asked while it is filled: the end of a long filling takes minutes.
      known ??= await store.mark();
      const { watermark, bulk } = known;
      const size = await log.size();
      if (bulk || size - watermark > WAIT_LIMIT) {
        throw new WardenError('OVERLOADED', {
          sentence: `the index of the record is being made, and has ${watermark} of ${size} entries; try again later`,
        });
      }
    }
    await catchUp();
  }

  async function ask<N extends QuestionName>(name: N, args: ArgsOf<N>): Promise<Answered<AnswerOf<N>>> {
    await requireFilled();
    const { answer, mark } = await store.ask(name, args);
    // The question's name says what its answer is.
    return { answer: answer as AnswerOf<N>, watermark: mark.watermark };
  }

  return {
    ask,
    find: (question) => ask('find', question),
    accepted: async (repository, digest) => (await ask('accepted', { repository, digest })).answer,
    stateOf: async (repository, digest) => (await ask('manifestState', { repository, digest })).answer,
    async imagesOfChain(chains) {
      const { answer } = await ask('imagesOfChain', { chains });
      return (await readRecords(log, answer)).map(knownImage);
    },
    entryOf: async (id) => (await ask('entryOf', { id })).answer,
    records: (indexes) => readRecords(log, indexes),
    catchUp,
    async close() {
      ending.abort();
      await beating;
      await filling?.catch(() => undefined);
    },
  };
}

/** @param record of an accepted push. */
function knownImage(record: PushRecord): KnownImage {
  if (record.type !== 'push.accepted') throw new Error(`a record of type ${record.type} is no image`);
  const { subject, tag } = record;
  return {
    repo: subject.repo,
    digest: subject.digest,
    tag: tag?.name,
    layerDigests: subject.layerDigests ?? [],
  };
}
