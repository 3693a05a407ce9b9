/**
 * The index's thread: index.db, by which records are found. Everything in it comes from the log, so it can be deleted at
 * any time and is filled again; its watermark says how many entries it has seen.
 *
 * A server and a command may both fill it: a batch is taken only where it goes on from the watermark, in one transaction.
 */
import { hash } from 'node:crypto';
import { type Operations, oneByOne } from '../../store/thread.ts';
import { transaction } from '../../store/transaction.ts';
import { type Plan, runPlan } from '../common/plan.ts';
import { BULK, BULK_FROM } from '../filling/bulk.ts';
import { gather } from '../filling/gather.ts';
import type { IndexMark } from '../index-store.ts';
import { QUESTIONS, type QuestionName } from '../questions/questions.ts';
import { createApply } from './apply.ts';
import { beginBulk, finishStep } from './finish.ts';
import { type IndexOptions, openIndexFile } from './open-index-file.ts';
import { preparedAll } from './rows.ts';
import { LATE_INDEXES } from './schema.ts';

export interface IndexBatch {
  readonly from: number;
  /** As the mark had it when they were read. */
  readonly last: string;
  readonly leaves: readonly Uint8Array[];
  /** Entries that the log has. */
  readonly size: number;
}

export function open(options: IndexOptions): Operations {
  const { db, fixed } = openIndexFile(options);
  const { bulkFrom = BULK_FROM } = options;
  const meta = db.prepare('SELECT value FROM meta WHERE key = ?');
  const setMeta = fixed ? undefined : db.prepare('UPDATE meta SET value = ? WHERE key = ?');
  const all = preparedAll(db);
  const apply = fixed ? undefined : createApply(db, all);

  function stage(): number {
    return Number(meta.get('bulk')?.['value']);
  }

  function mark(): IndexMark {
    return {
      watermark: Number(meta.get('watermark')?.['value']),
      last: String(meta.get('last')?.['value']),
      bulk: stage() !== BULK.none,
      ending: stage() > BULK.filling,
      fixed,
    };
  }

  /** @returns where the index is afterwards, which is further on where another process was first. */
  function add({ from, last: before, leaves, size }: IndexBatch): IndexMark {
    return transaction(db, () => {
      const last = leaves.at(-1);
      const now = mark();
      const goesOn = now.watermark === from && now.last === before && !now.ending;
      if (!goesOn || last === undefined || !apply || !setMeta) return now;
      if (from === 0 && size > bulkFrom) {
        beginBulk(db);
        setMeta.run(BULK.filling, 'bulk');
      }
      apply(gather(leaves, from), stage() === BULK.filling);
      setMeta.run(from + leaves.length, 'watermark');
      setMeta.run(hash('sha256', last), 'last');
      return mark();
    });
  }

  /** Ends a long filling. Takes minutes for millions of entries. */
  function finish(): IndexMark {
    while (stage() !== BULK.none) {
      transaction(db, () => {
        const before = stage();
        if (before !== BULK.none) setMeta?.run(finishStep(db, all, before), 'bulk');
      });
    }
    return mark();
  }

  /** Where it is still as `seen`: another process may have emptied and filled it since. */
  function clear(seen: IndexMark): IndexMark {
    return transaction(db, () => {
      const now = mark();
      if (now.last !== seen.last) return now;
      for (const { name } of db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()) {
        if (name !== 'meta') db.exec(`DELETE FROM ${name}`);
      }
      setMeta?.run(0, 'watermark');
      setMeta?.run('', 'last');
      setMeta?.run(0, 'bulk');
      db.exec(LATE_INDEXES);
      return mark();
    });
  }

  function ask({ name, args }: { readonly name: QuestionName; readonly args: never }): unknown {
    // One moment for all statements of a question, whoever writes meanwhile.
    db.exec('BEGIN');
    try {
      const question = QUESTIONS[name] as (args: never) => Plan<unknown>;
      return { answer: runPlan(question(args), all), mark: mark() };
    } finally {
      db.exec('COMMIT');
    }
  }

  return {
    together: oneByOne({ add, ask, clear, finish, mark }),
    close() {
      db.close();
    },
  };
}
