/**
 * The index in a PostgreSQL that several instances share: filled by whichever comes first, and by one at a time.
 *
 * Who fills holds a lock of the database until its batch is committed, and reads the log only when it has it; whoever
 * comes meanwhile reads nothing, and looks again.
 */
import { hash } from 'node:crypto';
import type { LogReader } from '../../provenance/log-store.ts';
import type { Clock } from '../../store/clock.ts';
import type { Ask, Postgres } from '../../store/postgres.ts';
import type { Plan } from '../common/plan.ts';
import { BULK, BULK_FROM } from '../filling/bulk.ts';
import { gather } from '../filling/gather.ts';
import { goingOn, withBefore } from '../going-on.ts';
import type { IndexMark, IndexStep, IndexStore } from '../index-store.ts';
import { QUESTIONS } from '../questions/questions.ts';
import { applyToPostgres } from './apply.ts';
import { beginBulk, finishStep } from './finish.ts';
import { indexText } from './index-text.ts';
import { prepareIndex, tellUse } from './prepare.ts';
import {
  POSTGRES_DIGEST_INDEX,
  POSTGRES_INDEX_VERSION,
  POSTGRES_LATE_INDEXES,
  POSTGRES_TABLE_NAMES,
} from './schema.ts';
import { selecting } from './ways.ts';

/** Connections whose names of tables are those of the index; their owner closes them. */
export interface IndexConnections {
  /** That only read, each statement for a short time. */
  readonly questions: Postgres;
  readonly filling: Postgres;
  /** For statements that may take an hour. */
  readonly sorting: Postgres;
}

/** The store, but that it has the log beside it and reads what it adds by itself. */
export interface PostgresIndex extends Omit<IndexStore, 'add'> {
  add(step: IndexStep): Promise<IndexMark>;
}

/** Of who fills the index of this version, beside which that of another may be filled: the bytes of "Wrdf", and the version. */
export const FILLER: readonly [number, number] = [0x57726466, POSTGRES_INDEX_VERSION];
/** Milliseconds until somebody else's filling is looked at again. */
const BUSY_MS = 50;
const SORTING_MS = 500;
const TELL_MS = 3_600_000;

/** The one row of table progress. */
interface Progress extends Readonly<Record<string, unknown>> {
  readonly watermark: string;
  readonly last: string;
  readonly bulk: number;
  readonly related: string;
  readonly names: number;
  readonly tags: number;
}

export interface PostgresIndexDeps extends IndexConnections {
  readonly log: LogReader;
  readonly clock: Clock;
  /** Entries of a log, from which on a filling from the beginning puts off what costs most. */
  readonly bulkFrom?: number | undefined;
}

export function createPostgresIndex(deps: PostgresIndexDeps): PostgresIndex {
  const { questions, filling, sorting, log, clock, bulkFrom = BULK_FROM } = deps;
  let preparing: Promise<boolean> | undefined;
  let told = Number.NEGATIVE_INFINITY;

  /** Once, and again after a failure: the tables may have been taken away. @returns whether it cannot be filled. */
  async function prepared(): Promise<boolean> {
    if (preparing === undefined) told = clock.elapsed();
    preparing ??= prepareIndex(filling);
    const fixed = await preparing;
    if (!fixed && clock.elapsed() - told > TELL_MS) {
      told = clock.elapsed();
      await tellUse(filling);
    }
    return fixed;
  }

  async function whenPrepared<T>(work: (fixed: boolean) => Promise<T>): Promise<T> {
    try {
      return await work(await prepared());
    } catch (error) {
      preparing = undefined;
      throw error;
    }
  }

  /** @returns undefined while somebody else fills. */
  const asFiller = <T>(
    postgres: Postgres,
    work: (ask: Ask, progress: Progress) => Promise<T>,
  ): Promise<T | undefined> =>
    postgres.transaction(async (ask) => {
      const [lock] = await ask<{ mine: boolean }>('SELECT pg_try_advisory_xact_lock($1, $2) AS mine', FILLER);
      if (!lock?.mine) return undefined;
      return work(ask, await progressOf(ask));
    });

  const mark = (): Promise<IndexMark> =>
    whenPrepared(async (fixed) => markOf(await progressOf(questions.ask), fixed));

  async function addNext(
    ask: Ask,
    progress: Progress,
    { from, limit, size, last: before }: IndexStep,
  ): Promise<Progress> {
    if (Number(progress.watermark) !== from || progress.last !== before || progress.bulk > BULK.filling)
      return progress;
    const { leaves } = goingOn(await log.entries(...withBefore(from, limit)), { from, last: before });
    const last = leaves.at(-1);
    if (last === undefined) return progress;
    let { bulk } = progress;
    if (from === 0 && size > bulkFrom) {
      await beginBulk(ask);
      bulk = BULK.filling;
    }
    const given = await applyToPostgres(ask, gather(leaves, from, indexText), {
      given: progress,
      late: bulk === BULK.filling,
    });
    return putProgress(ask, {
      ...{ ...progress, ...given, bulk },
      ...{ watermark: String(from + leaves.length), last: hash('sha256', last) },
    });
  }

  return {
    mark,
    add: (batch) =>
      whenPrepared(async (fixed) => {
        const progress = fixed ? undefined : await asFiller(filling, (ask, now) => addNext(ask, now, batch));
        if (progress) return markOf(progress, fixed);
        await clock.sleep(BUSY_MS);
        return mark();
      }),
    finish: () =>
      whenPrepared(async (fixed) => {
        for (;;) {
          const progress = await asFiller(sorting, async (ask, now) => {
            if (now.bulk === BULK.none) return now;
            const stage = await finishStep(ask, { bulk: now.bulk, related: Number(now.related) });
            return putProgress(ask, { ...now, bulk: stage.bulk, related: String(stage.related) });
          });
          if (progress && progress.bulk !== BULK.none) continue;
          if (!progress) await clock.sleep(SORTING_MS);
          return progress ? markOf(progress, fixed) : mark();
        }
      }),
    clear: (seen) =>
      whenPrepared(async (fixed) => {
        const progress = await sorting.transaction(async (ask) => {
          await ask('SELECT pg_advisory_xact_lock($1, $2)', FILLER);
          const now = await progressOf(ask);
          return now.last === seen.last ? await empty(ask) : now;
        });
        return markOf(progress, fixed);
      }),
    ask: (name, args) =>
      whenPrepared((fixed) =>
        // One moment for all statements of a question, whoever writes meanwhile.
        questions.transaction(async (ask) => {
          const question = QUESTIONS[name] as (args: never) => Plan<unknown>;
          const answer = await selecting(ask, question(args as never));
          return { answer, mark: markOf(await progressOf(ask), fixed) };
        }),
      ),
  };
}

async function progressOf(ask: Ask): Promise<Progress> {
  const [row] = await ask<Progress>('SELECT watermark, last, bulk, related, names, tags FROM progress');
  if (!row) throw new Error('the index has lost its progress');
  return row;
}

async function putProgress(ask: Ask, progress: Progress): Promise<Progress> {
  const { watermark, last, bulk, related, names, tags } = progress;
  await ask('UPDATE progress SET watermark = $1, last = $2, bulk = $3, related = $4, names = $5, tags = $6', [
    ...[watermark, last, bulk, related, names, tags],
  ]);
  return progress;
}

/** With the indexes that a filling which was under way left out. */
async function empty(ask: Ask): Promise<Progress> {
  await ask(`TRUNCATE ${POSTGRES_TABLE_NAMES.join(', ')}`);
  await ask(`${POSTGRES_DIGEST_INDEX}; ${POSTGRES_LATE_INDEXES}`);
  return putProgress(ask, { watermark: '0', last: '', bulk: BULK.none, related: '-1', names: 0, tags: 0 });
}

function markOf({ watermark, last, bulk }: Progress, fixed: boolean): IndexMark {
  return {
    ...{ watermark: Number(watermark), last, fixed },
    ...{ bulk: bulk !== BULK.none, ending: bulk > BULK.filling },
  };
}
