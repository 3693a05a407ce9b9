/** Refusals added up by who, from where, what and why. A plan. */
import { HOUR_MS } from '../common/kinds.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';

export interface RefusedGroup {
  /** push.refused or login.failed. */
  readonly type: string;
  /** Milliseconds since 1970, the beginning of the hour; absent where hours are added up. */
  readonly hour?: number;
  /** '' for none. */
  readonly repository: string;
  /** Absent where the record has none; '' is the anonymous one. */
  readonly user?: string;
  readonly host?: string;
  readonly address?: string;
  readonly rule?: string;
  readonly reason?: string;
  readonly events: number;
  /** Index of the latest record. */
  readonly last: number;
}

/** Rows of the table that are added up in one question: the latest. */
const ROWS_LIMIT = 100_000;

export interface AddedUp {
  /** With hours: latest first; otherwise the largest groups first. */
  readonly groups: readonly RefusedGroup[];
  /** What was before then is not added up, or in part; milliseconds since 1970. Absent: all of it is. */
  readonly from?: number;
}

export function* refusals(asked: {
  /** Milliseconds since 1970; whole hours. */
  readonly since: number;
  readonly until: number;
  readonly hourly: boolean;
  readonly limit: number;
}): Plan<AddedUp> {
  const { since, until, hourly, limit } = asked;
  const hour = hourly ? 'hour, ' : '';
  const rows = yield* select(
    `SELECT ${hour}t.text AS type, re.text AS repository, ac.text AS actor, ho.text AS host, ad.text AS address,
       ru.text AS rule, rs.text AS reason, events, last
     FROM (
       SELECT ${hour}type, repo, actor, host, address, rule, reason, sum(events) AS events, max(last_idx) AS last
       FROM (SELECT * FROM refused WHERE hour >= ? AND hour < ? ORDER BY hour DESC LIMIT ${ROWS_LIMIT}) AS part
       GROUP BY ${hour}type, repo, actor, host, address, rule, reason
       ORDER BY ${hourly ? 'hour DESC' : 'sum(events) DESC'}, max(last_idx) DESC LIMIT ?
     ) AS added
     LEFT JOIN name t ON t.id = added.type LEFT JOIN name re ON re.id = added.repo LEFT JOIN name ac ON ac.id = added.actor
     LEFT JOIN name ho ON ho.id = added.host LEFT JOIN name ad ON ad.id = added.address LEFT JOIN name ru ON ru.id = added.rule
     LEFT JOIN name rs ON rs.id = added.reason
     ORDER BY ${hourly ? 'hour DESC' : 'events DESC'}, last DESC`,
    ...[Math.floor(since / HOUR_MS), Math.ceil(until / HOUR_MS), limit],
  );
  const [left] = yield* select(
    `SELECT hour FROM refused WHERE hour >= ? AND hour < ? ORDER BY hour DESC LIMIT 1 OFFSET ${ROWS_LIMIT}`,
    ...[Math.floor(since / HOUR_MS), Math.ceil(until / HOUR_MS)],
  );
  const groups = rows.map((row) => ({
    type: String(row['type']),
    ...(hourly && { hour: numberOf(row['hour']) * HOUR_MS }),
    repository: String(row['repository'] ?? ''),
    ...(row['actor'] != null && { user: String(row['actor']) }),
    ...(row['host'] != null && { host: String(row['host']) }),
    ...(row['address'] != null && { address: String(row['address']) }),
    ...(row['rule'] != null && { rule: String(row['rule']) }),
    ...(row['reason'] != null && { reason: String(row['reason']) }),
    events: numberOf(row['events']),
    last: numberOf(row['last']),
  }));
  return { groups, ...(left && { from: (numberOf(left['hour']) + 1) * HOUR_MS }) };
}
