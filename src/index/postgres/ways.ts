/** What is built on what, in PostgreSQL: with each batch, or at the end of a long filling. */
import type { Ask } from '../../store/postgres.ts';
import { digestKey } from '../common/digest-key.ts';
import type { Plan, Row, Statement } from '../common/plan.ts';
import { relate } from '../filling/ancestry.ts';
import type { Built } from '../filling/built.ts';
import type { Way } from '../filling/known-ways.ts';
import { type Cell, type Columns, insert, withRows } from './rows.ts';
import { numbered, runPlanSlowly } from './statement.ts';

/** Images that are related in one transaction. */
const IMAGES = 2_000;

/** Runs a plan in the caller's transaction. */
export function selecting<T>(ask: Ask, plan: Plan<T>): Promise<T> {
  return runPlanSlowly(plan, (statement) => rowsOf(ask, statement));
}

function rowsOf(ask: Ask, statement: Statement): Promise<readonly Row[]> {
  const { text, values } = numbered(statement);
  return ask<Row>(text, values);
}

/** Images in the order of the log, next to what was related before. Table `digest` has all of their records. */
export async function putBuilts(ask: Ask, batch: readonly Built[]): Promise<void> {
  const relating = relate(batch);
  for (let step = relating.next(); !step.done; ) {
    const { value } = step;
    if ('put' in value) await putWays(ask, value.put);
    step = relating.next('put' in value ? [] : await rowsOf(ask, value));
  }
}

/**
 * Each new row of `built` is counted once for its base and repository. In two statements: the planner would join what one
 * inserted with what it was given by going through all for each.
 */
async function putWays(ask: Ask, ways: readonly Way[]): Promise<void> {
  const put = await withRows<{ base: number; idx: number }>(
    ask,
    `INSERT INTO built (base, idx, distance, claimed) SELECT base, idx, distance, claimed FROM $rows ORDER BY at
     ON CONFLICT (base, idx) DO NOTHING RETURNING base, idx`,
    { base: 'integer', idx: 'integer', distance: 'smallint', claimed: 'smallint' },
    ways.map(({ base, idx, distance, claimed }) => [base, idx, distance, claimed]),
  );
  const repositories = new Map<string, number>();
  for (const { base, idx, repo } of ways) {
    const key = `${base} ${idx}`;
    if (!repositories.has(key)) repositories.set(key, repo);
  }
  const counts = new Map<string, { base: number; repo: number; pushes: number; last: number }>();
  for (const { base, idx } of put) {
    const repo = repositories.get(`${base} ${idx}`);
    if (repo === undefined) throw new Error('a row of table built that was not asked for');
    const key = `${base} ${repo}`;
    const count = counts.get(key) ?? { base, repo, pushes: 0, last: 0 };
    counts.set(key, count);
    count.pushes++;
    count.last = Math.max(count.last, idx);
  }
  await insert(
    ask,
    {
      table: 'base_repo',
      columns: { base: 'integer', repo: 'integer', pushes: 'bigint', last_idx: 'integer' },
      conflict: `ON CONFLICT (base, repo) DO UPDATE SET pushes = old.pushes + excluded.pushes,
        last_idx = greatest(old.last_idx, excluded.last_idx)`,
    },
    [...counts.values()].map(({ base, repo, pushes, last }) => [base, repo, pushes, last]),
  );
}

const LATE: Columns = {
  ...{ idx: 'integer', place: 'smallint', repo: 'integer', base: 'integer' },
  ...{ voucher: 'text', claimed: 'smallint' },
};

/** Puts off what `relateNext` does. */
export async function putBasesLate(ask: Ask, builts: readonly Built[]): Promise<void> {
  const rows = builts.flatMap(({ idx, repo, bases }) =>
    bases.map(({ id, of, claimed }, place): readonly Cell[] => [
      // What is no digest names no record, and need not be text that fits.
      ...[idx, place, repo, id, of !== undefined && digestKey(of) ? of : null, Number(claimed)],
    ]),
  );
  await insert(ask, { table: 'base_late', columns: LATE }, rows);
}

interface LateRow extends Readonly<Record<string, unknown>> {
  readonly idx: number;
  readonly repo: number;
  readonly base: number;
  readonly voucher: string | null;
  readonly claimed: number;
  readonly text: string;
  readonly digest: Uint8Array | null;
}

/** The next images after `related`, in the order of the log. @returns the last of them; undefined where there is none. */
export async function relateNext(ask: Ask, related: number): Promise<number | undefined> {
  const rows = await ask<LateRow>(
    `SELECT l.idx, l.repo, l.base, l.voucher, l.claimed, n.text, r.digest
     FROM (SELECT * FROM base_late WHERE idx IN (
       SELECT DISTINCT idx FROM (SELECT idx FROM base_late WHERE idx > $1 ORDER BY idx LIMIT $2) AS next
     ) ORDER BY idx, place) AS l CROSS JOIN name n CROSS JOIN record r
     WHERE n.id = l.base AND r.idx = l.idx ORDER BY l.idx, l.place`,
    [related, IMAGES],
  );
  if (rows.length === 0) return undefined;
  const builts = new Map<
    number,
    { idx: number; repo: number; digest: Uint8Array | undefined; rows: LateRow[] }
  >();
  for (const row of rows) {
    const { idx, repo, digest } = row;
    const built = builts.get(idx) ?? { idx, repo, digest: digest ?? undefined, rows: [] };
    builts.set(idx, built);
    built.rows.push(row);
  }
  const batch = [...builts.values()].map(({ rows: bases, ...built }) => ({
    ...built,
    bases: bases.map(({ base, text, voucher, claimed }) => ({
      ...{ id: base, digest: text, of: voucher ?? undefined, claimed: claimed === 1 },
    })),
  }));
  await putBuilts(ask, batch);
  return batch.at(-1)?.idx;
}
