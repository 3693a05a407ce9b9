/** When users, hosts, jobs and repositories were first and last on record. A plan. */
import { NAMES } from '../common/kinds.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';

export const SEEN = {
  user: NAMES.actor,
  host: NAMES.host,
  address: NAMES.address,
  job: NAMES.job,
  rule: NAMES.rule,
  repository: NAMES.repository,
} as const;
export type SeenKind = keyof typeof SEEN;

export interface Seen {
  readonly id: number;
  readonly name: string;
  readonly records: number;
  /** Milliseconds since 1970. */
  readonly first: number;
  readonly last: number;
}

/** Longest unseen first. */
export function* seen(asked: {
  readonly kind: SeenKind;
  /** Last seen before then. Milliseconds since 1970. */
  readonly before: number;
  readonly after?: { readonly last: number; readonly id: number } | undefined;
  readonly limit: number;
}): Plan<readonly Seen[]> {
  const { kind, before, after, limit } = asked;
  const rows = yield* select(
    `SELECT id, text AS name, records, first_time, last_time FROM name
     WHERE kind = ? AND last_time < ? AND (last_time, id) > (?, ?) ORDER BY last_time, id LIMIT ?`,
    ...[SEEN[kind], before, after?.last ?? -1, after?.id ?? -1, limit],
  );
  return rows.map((row) => ({
    id: numberOf(row['id']),
    name: String(row['name']),
    records: numberOf(row['records']),
    first: numberOf(row['first_time']),
    last: numberOf(row['last_time']),
  }));
}
