/** The read side of the record: questions to the index, which is kept filled from the log besides. */
import { hash } from 'node:crypto';
import { WardenError } from '../errors.ts';
import type { ImagesOfChain, KnownImage } from '../provenance/known-image.ts';
import type { LogReader } from '../provenance/log-store.ts';
import type { PushRecord } from '../provenance/record.ts';
import type { Clock } from '../store/clock.ts';
import { failureSentence, isTroubleOfDisk } from '../store/failure-sentence.ts';
import { isTroubleOfDatabase } from '../store/postgres-failure.ts';
import type { Plan } from './common/plan.ts';
import { goingOn, withBefore } from './going-on.ts';
import type { IndexMark, IndexStore, NextEntries } from './index-store.ts';
import type { FoundEntry } from './questions/entry-of.ts';
import type { RecordQuestion, RecordRows } from './questions/filters.ts';
import type { ManifestState } from './questions/manifest-state.ts';
import type { QUESTIONS, QuestionName } from './questions/questions.ts';
import { readRecords } from './read-records.ts';

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
   * @throws {WardenError} OVERLOADED while a server's index is being made; RECORD_UNREADABLE while disk or database is in
   *   trouble.
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
  /** Told why a filling failed, once until one succeeds. Must not throw. */
  onFailure?(error: unknown): void;
  /** Told that the index cannot be filled here, and how many entries answers cover. Must not throw. */
  onBehind?(covered: number, size: number): void;
  /** Told how far a long filling is: entries. Must not throw. */
  onProgress?(done: number, size: number): void;
}

/** Leaves that are handed to the store at once: some milliseconds of work. */
const BATCH = 1_000;
/** Of a long filling, which nobody waits for: more records of the same names, which are written once. */
const LARGE_BATCH = 8_000;
/** Entries that a server's question waits for. */
const WAIT_LIMIT = 20_000;

export function createRecordIndex(deps: RecordIndexDeps): RecordIndex {
  const { store, log, clock, fillEveryMs, onFailure, onProgress, onBehind } = deps;
  const ending = new AbortController();
  let filling: Promise<number> | undefined;
  /** As it was last heard. */
  let known: IndexMark | undefined;
  const beating = fillEveryMs === undefined ? Promise.resolve() : beat(fillEveryMs);

  /**
   * An index of another log (put back to an earlier state, also beneath a process that goes on, or begun anew) is emptied:
   * the hash of the last entry tells, since no two records are the same.
   *
   * @returns where the index is.
   */
  async function requireSameLog(): Promise<IndexMark> {
    const seen = await store.mark();
    const { watermark, last, fixed } = seen;
    if (watermark === 0) return seen;
    const [leaf] = await log.entries(watermark - 1, 1);
    if (leaf !== undefined && hash('sha256', leaf) === last) return seen;
    if (fixed) throw new Error('the index is of another log, and cannot be written here');
    return store.clear(seen);
  }

  async function fill(): Promise<number> {
    for (known = await requireSameLog(); ; ) {
      const { watermark, bulk, fixed } = known;
      const size = await log.size();
      if (fixed && watermark < size) onBehind?.(watermark, size);
      if (fixed || ending.signal.aborted) return watermark;
      if (watermark < size && !known.ending) {
        onProgress?.(watermark, size);
        const limit = Math.min(bulk ? LARGE_BATCH : BATCH, size - watermark);
        const next = entriesAfter(known, limit, size);
        known = await store.add(next);
        if (known.watermark !== watermark) continue;
        // Somebody else fills it, or the log is another since: looked at before the next step.
        if (!next.none()) {
          known = await requireSameLog();
          continue;
        }
      }
      if (!known.bulk) return known.watermark;
      known = await store.finish();
    }
  }

  /** `none`: whether the log was read, and had none of them. */
  function entriesAfter(
    { watermark: from, last }: IndexMark,
    limit: number,
    size: number,
  ): NextEntries & { none(): boolean } {
    let none = false;
    return {
      ...{ from, limit, size, last, none: () => none },
      async read() {
        const { same, leaves } = goingOn(await log.entries(...withBefore(from, limit)), { from, last });
        none = same && leaves.length === 0;
        return leaves;
      },
    };
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
    // Told once, until it succeeds again: it is tried every second, for as long as a disk or a database is away.
    for (let failing = false; !ending.signal.aborted; ) {
      try {
        await catchUp();
        failing = false;
      } catch (error) {
        if (!failing) onFailure?.(error);
        failing = true;
      }
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
    return clearly(async () => {
      await requireFilled();
      const { answer, mark } = await store.ask(name, args);
      // The question's name says what its answer is.
      return { answer: answer as AnswerOf<N>, watermark: mark.watermark };
    });
  }

  return {
    ask,
    find: (question) => ask('find', question),
    accepted: async (repository, digest) => (await ask('accepted', { repository, digest })).answer,
    stateOf: async (repository, digest) => (await ask('manifestState', { repository, digest })).answer,
    async imagesOfChain(chains) {
      const { answer } = await ask('imagesOfChain', { chains });
      return (await clearly(() => readRecords(log, answer))).map(knownImage);
    },
    entryOf: async (id) => (await ask('entryOf', { id })).answer,
    records: (indexes) => clearly(() => readRecords(log, indexes)),
    catchUp,
    async close() {
      ending.abort();
      await beating;
      await filling?.catch(() => undefined);
    },
  };
}

/** What may be mended while the process runs is said, and no defect. */
async function clearly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isTroubleOfDisk(error) && !isTroubleOfDatabase(error)) throw error;
    const sentence = failureSentence('the record cannot be read now', error);
    throw new WardenError('RECORD_UNREADABLE', { sentence, cause: error, headers: { 'Retry-After': '5' } });
  }
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
