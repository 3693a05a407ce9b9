/** What is built on what, in SQLite: with each batch, or at the end of a long filling. The caller holds the transaction. */
import type { DatabaseSync } from 'node:sqlite';
import { numberOf, type Row } from '../common/plan.ts';
import { relate } from '../filling/ancestry.ts';
import type { Built } from '../filling/built.ts';
import type { Way } from '../filling/known-ways.ts';
import type { All } from './rows.ts';

/** Images that are related at once. */
const IMAGES = 2_000;

export interface Ancestry {
  /** Images in the order of the log, next to what was related before. Table `digest` has all of their records. */
  add(batch: readonly Built[]): void;
  /** Puts off what `relateLate` does. */
  addLate(batch: readonly Built[]): void;
  /** All that was put off, in the order of the log. */
  relateLate(): void;
}

export function createAncestry(db: DatabaseSync, all: All): Ancestry {
  const put = db.prepare(
    'INSERT INTO built (base, idx, distance, claimed) VALUES (?, ?, ?, ?) ON CONFLICT (base, idx) DO NOTHING RETURNING idx',
  );
  const putRepository = db.prepare(
    `INSERT INTO base_repo VALUES (?, ?, 1, ?)
     ON CONFLICT (base, repo) DO UPDATE SET pushes = pushes + 1, last_idx = max(last_idx, excluded.last_idx)`,
  );
  const putLate = db.prepare('INSERT INTO base_late VALUES (?, ?, ?, ?, ?)');
  const late = db.prepare(
    `SELECT l.idx, l.repo, l.base, l.of, l.claimed, n.text, r.digest
     FROM base_late l CROSS JOIN name n CROSS JOIN record r WHERE n.id = l.base AND r.idx = l.idx ORDER BY l.rowid`,
  );

  /** Each new row of `built` is counted once for its base and repository. */
  function write(ways: readonly Way[]): void {
    for (const { base, idx, repo, distance, claimed } of ways) {
      if (put.get(base, idx, distance, claimed)) putRepository.run(base, repo, idx);
    }
  }

  function add(batch: readonly Built[]): void {
    const relating = relate(batch);
    for (let step = relating.next(); !step.done; ) {
      const { value } = step;
      if ('put' in value) write(value.put);
      step = relating.next('put' in value ? [] : all(value));
    }
  }

  return {
    add,
    addLate(batch) {
      for (const { idx, repo, bases } of batch) {
        for (const { id, of, claimed } of bases) putLate.run(idx, repo, id, of ?? null, Number(claimed));
      }
    },
    relateLate() {
      let batch: Built[] = [];
      let rows: Row[] = [];
      const endImage = (): void => {
        const [first] = rows;
        if (first) batch.push(builtOf(first, rows));
        rows = [];
      };
      for (const row of late.iterate()) {
        if (rows[0] && rows[0]['idx'] !== row['idx']) endImage();
        if (batch.length === IMAGES) {
          add(batch);
          batch = [];
        }
        rows.push(row as Row);
      }
      endImage();
      add(batch);
      db.exec('DELETE FROM base_late');
    },
  };
}

/** @param rows of base_late, with the digest of each base as `text`: all of one image. */
function builtOf({ idx, repo, digest }: Row, rows: readonly Row[]): Built {
  return {
    ...{ idx: numberOf(idx), repo: numberOf(repo) },
    digest: digest instanceof Uint8Array ? digest : undefined,
    bases: rows.map(({ base, text, of, claimed }) => ({
      ...{ id: numberOf(base), digest: String(text), claimed: numberOf(claimed) === 1 },
      of: of === null ? undefined : String(of),
    })),
  };
}
