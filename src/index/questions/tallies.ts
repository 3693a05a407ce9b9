/** Counts over time, from the tables that are kept as records come. Plans. */

import { DAY_MS, EVERYTHING, HOUR_MS, NAMES, type NameKind } from '../common/kinds.ts';
import { numberOf, type Plan, select } from '../common/plan.ts';
import { endOfLongest, spansOf } from './day-spans.ts';
import { idOfName } from './names.ts';

/** What is counted: everything, or one by one. */
export type Counted = 'repository' | 'user' | 'host';

export const COUNTED: Readonly<Record<Counted, NameKind>> = {
  repository: NAMES.repository,
  user: NAMES.actor,
  host: NAMES.host,
};

export interface Series {
  /** Milliseconds since 1970: the beginning of the hour or day. */
  readonly time: number;
  readonly type: string;
  readonly events: number;
}

/** Of one name, or of everything: for each hour or day the events of each type, latest first. */
export function* series(asked: {
  readonly of: { readonly kind: Counted; readonly name: string } | undefined;
  readonly per: 'hour' | 'day';
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
}): Plan<readonly Series[]> {
  const { of, per, since, until } = asked;
  const id = of === undefined ? EVERYTHING : (yield* idOfName(COUNTED[of.kind], of.name)).ids[0];
  if (id === undefined) return [];
  if (of === undefined && per === 'day') return yield* daily(since, until);
  const hours = per === 'hour' ? 1 : DAY_MS / HOUR_MS;
  const rows = yield* select(
    `SELECT part.bucket, n.text AS type, part.events FROM (
       SELECT hour / ${hours} AS bucket, type, sum(events) AS events FROM tally_hour
       WHERE name = ? AND hour >= ? AND hour < ? GROUP BY hour / ${hours}, type
     ) AS part CROSS JOIN name n WHERE n.id = part.type ORDER BY part.bucket DESC, n.text`,
    ...[id, Math.floor(since / HOUR_MS), Math.ceil(until / HOUR_MS)],
  );
  return rows.map(({ bucket, type, events }) => ({
    time: numberOf(bucket) * hours * HOUR_MS,
    type: String(type),
    events: numberOf(events),
  }));
}

/** The whole days from the counts of days, which are fewer; the rest of the first and the last one from their hours. */
function* daily(since: number, until: number): Plan<readonly Series[]> {
  const perDay = DAY_MS / HOUR_MS;
  const [first, end] = [Math.floor(since / HOUR_MS), Math.ceil(until / HOUR_MS)];
  const from = Math.ceil(first / perDay);
  const to = Math.max(from, Math.floor(end / perDay));
  const rows = yield* select(
    `SELECT part.bucket, n.text AS type, part.events FROM (
       SELECT bucket, type, sum(events) AS events FROM (
         SELECT bucket, type, events FROM tally_span
         WHERE level = 0 AND kind = ${EVERYTHING} AND bucket >= ? AND bucket < ?
         UNION ALL SELECT hour / ${perDay} AS bucket, type, events FROM tally_hour
         WHERE name = ${EVERYTHING} AND hour >= ? AND hour < ?
         UNION ALL SELECT hour / ${perDay} AS bucket, type, events FROM tally_hour
         WHERE name = ${EVERYTHING} AND hour >= ? AND hour < ?
       ) AS u GROUP BY bucket, type
     ) AS part CROSS JOIN name n WHERE n.id = part.type ORDER BY part.bucket DESC, n.text`,
    ...[from, to, first, Math.min(end, from * perDay), Math.max(from * perDay, to * perDay), end],
  );
  return rows.map(({ bucket, type, events }) => ({
    time: numberOf(bucket) * DAY_MS,
    type: String(type),
    events: numberOf(events),
  }));
}

export interface Ranked {
  readonly name: string;
  readonly events: number;
}

/** Who or what had most events of some types on these days. */
export function* ranking(asked: {
  readonly by: Counted;
  readonly types: readonly string[];
  /** Milliseconds since 1970; days in UTC, whole. */
  readonly since: number;
  readonly until: number;
  readonly limit: number;
}): Plan<readonly Ranked[]> {
  const { by, types, since, until, limit } = asked;
  const marks = types.map(() => '?').join(', ');
  const [last] = yield* select(
    `SELECT max(bucket) AS day FROM tally_span WHERE level = 0 AND kind = ${EVERYTHING}`,
  );
  const end = Math.ceil(until / DAY_MS);
  // Past the last day there is nothing, so the span that it is in counts as a whole one.
  const spans = spansOf(
    Math.floor(since / DAY_MS),
    end > numberOf(last?.['day'] ?? -1) ? endOfLongest(end) : end,
  );
  if (spans.length === 0) return [];
  const rows = yield* select(
    `SELECT n.text AS name, part.events FROM (
       SELECT name, sum(events) AS events FROM (${spans.map(() => 'SELECT name, type, events FROM tally_span WHERE level = ? AND kind = ? AND bucket >= ? AND bucket < ?').join(' UNION ALL ')}) AS u
       WHERE type IN (SELECT id FROM name WHERE kind = ${NAMES.type} AND text IN (${marks}))
       GROUP BY name ORDER BY sum(events) DESC, name LIMIT ?
     ) AS part CROSS JOIN name n WHERE n.id = part.name ORDER BY part.events DESC, n.text`,
    ...spans.flatMap(({ level, from, to }) => [level, COUNTED[by], from, to]),
    ...[...types, limit],
  );
  return rows.map(({ name, events }) => ({ name: String(name), events: numberOf(events) }));
}
