/** How many records a list has, by repository. A plan. */

import { NAMES } from '../common/kinds.ts';
import { listOf, numberOf, type Plan, select } from '../common/plan.ts';
import type { RecordFilters } from './filters.ts';
import { rowsOf } from './find.ts';
import { idsOfNames, idsOfRepositories } from './names.ts';

export interface Counts {
  readonly counts: readonly { readonly repository: string; readonly records: number }[];
  /** False: there are more than were looked at. */
  readonly complete: boolean;
}

/** Records that are looked at; the newest. */
const COUNT_LIMIT = 100_000;

export function* count({ filters }: { readonly filters: RecordFilters }): Plan<Counts> {
  const { repository, types, ...others } = filters;
  if (repository !== undefined && Object.values(others).every((other) => other === undefined))
    return yield* totals(repository, types);
  const wanted = yield* rowsOf(filters, COUNT_LIMIT + 1);
  if (wanted === undefined) return { counts: [], complete: true };
  const rows = yield* select(
    `SELECT n.text AS repository, t.looked, t.records FROM (
       SELECT repo, count(*) AS looked, sum(CASE WHEN ${wanted.check.sql} THEN 1 ELSE 0 END) AS records
       FROM (SELECT r.* FROM (${wanted.inner.sql}) AS d CROSS JOIN record r WHERE r.idx = d.idx) AS r GROUP BY repo
     ) AS t LEFT JOIN name n ON n.id = t.repo ORDER BY t.records DESC, coalesce(n.text, '')`,
    ...[...wanted.check.values, ...wanted.inner.values],
  );
  const looked = rows.reduce((sum, row) => sum + numberOf(row['looked']), 0);
  return {
    counts: rows
      .map(({ repository, records }) => ({
        repository: String(repository ?? ''),
        records: numberOf(records),
      }))
      .filter(({ records }) => records > 0),
    complete: looked <= COUNT_LIMIT,
  };
}

/** From the numbers that are kept: however many records there are. */
function* totals(repository: string, types: readonly string[] | undefined): Plan<Counts> {
  const { ids } = yield* idsOfRepositories(repository);
  const ofTypes =
    types === undefined ? '' : ` AND t.type IN (${listOf((yield* idsOfNames(NAMES.type, types)).ids)})`;
  const rows = yield* select(
    `SELECT n.text AS repository, part.records FROM (
       SELECT t.name, sum(t.records) AS records FROM total t WHERE t.name IN (${listOf(ids)})${ofTypes} GROUP BY t.name
     ) AS part CROSS JOIN name n WHERE n.id = part.name ORDER BY part.records DESC, n.text`,
  );
  return {
    counts: rows.map((row) => ({
      repository: String(row['repository']),
      records: numberOf(row['records']),
    })),
    complete: true,
  };
}
