/** How much was pulled: counts that are kept as pulls come, so that no question about a month reads every pull of it. */
import type { DatabaseSync } from 'node:sqlite';
import type { PullCount } from './pull.ts';

/** What is counted one by one. */
export const PULLED = ['repository', 'user', 'host'] as const;
export type Pulled = (typeof PULLED)[number];

export interface PullsOfTime {
  /** Milliseconds since 1970: the beginning of the hour or day, by UTC. */
  readonly time: number;
  readonly pulls: number;
}

export interface PullsOfName {
  /** A repository, a user ('' is the anonymous one), or a host of the policy. */
  readonly name: string;
  readonly pulls: number;
}

export interface PullSeriesQuestion {
  readonly per: 'hour' | 'day';
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly until: number;
}

export interface PullRankingQuestion {
  readonly by: Pulled;
  /** Milliseconds since 1970; whole days by UTC. */
  readonly since: number;
  readonly until: number;
  readonly limit: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A pull is a GET of a manifest; what was only looked at (HEAD) is not counted. */
export const TALLY_TABLES = `
  CREATE TABLE pulled_hour (hour INTEGER PRIMARY KEY, gets INTEGER NOT NULL) STRICT;
  CREATE TABLE pulled_day (
    kind TEXT NOT NULL, day INTEGER NOT NULL, name TEXT NOT NULL, gets INTEGER NOT NULL, PRIMARY KEY (kind, day, name)
  ) STRICT, WITHOUT ROWID;
`;

export interface HourCount {
  /** Hours since 1970. */
  readonly hour: number;
  readonly gets: number;
}
export interface DayCount {
  readonly kind: Pulled;
  /** Days since 1970. */
  readonly day: number;
  readonly name: string;
  readonly gets: number;
}

/**
 * What a batch of pulls adds, each counter once. A batch counts by its last pull: it is of a second, or, where nothing
 * could be written meanwhile, of as long.
 */
export function tallied(pulls: readonly PullCount[]): {
  readonly hours: readonly HourCount[];
  readonly days: readonly DayCount[];
} {
  const hours = new Map<number, HourCount>();
  const days = new Map<string, DayCount>();
  for (const { gets, last, repository, subject, host } of pulls) {
    if (gets === 0) continue;
    const hour = Math.floor(last / HOUR_MS);
    hours.set(hour, { hour, gets: gets + (hours.get(hour)?.gets ?? 0) });
    const day = Math.floor(last / DAY_MS);
    for (const [kind, name] of Object.entries({ repository, user: subject, host }) as [Pulled, string?][]) {
      if (name === undefined) continue;
      const key = `${kind} ${day} ${name}`;
      days.set(key, { kind, day, name, gets: gets + (days.get(key)?.gets ?? 0) });
    }
  }
  return { hours: [...hours.values()], days: [...days.values()] };
}

/** In the transaction of the batch. */
export function addTallies(db: DatabaseSync, pulls: readonly PullCount[]): void {
  const { hours, days } = tallied(pulls);
  const ofHour = db.prepare(
    'INSERT INTO pulled_hour VALUES (?, ?) ON CONFLICT DO UPDATE SET gets = gets + excluded.gets',
  );
  for (const { hour, gets } of hours) ofHour.run(hour, gets);
  const ofDay = db.prepare(
    'INSERT INTO pulled_day VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET gets = gets + excluded.gets',
  );
  for (const { kind, day, name, gets } of days) ofDay.run(kind, day, name, gets);
}

/** The hours that a question is about, and how many of them are counted together. */
export function seriesRange({ per, since, until }: PullSeriesQuestion) {
  const hours = per === 'hour' ? 1 : DAY_MS / HOUR_MS;
  return { hours, from: Math.floor(since / HOUR_MS), until: Math.ceil(until / HOUR_MS), hourMs: HOUR_MS };
}

/** The days that a question is about. */
export function rankingRange({ since, until }: PullRankingQuestion) {
  return { from: Math.floor(since / DAY_MS), until: Math.ceil(until / DAY_MS) };
}

/** Latest first; hours and days in which nothing was pulled are left out. */
export function pullSeries(db: DatabaseSync, question: PullSeriesQuestion): readonly PullsOfTime[] {
  const { hours, from, until } = seriesRange(question);
  const rows = db
    .prepare(
      `SELECT hour / ${hours} AS bucket, sum(gets) AS pulls FROM pulled_hour
       WHERE hour >= ? AND hour < ? GROUP BY bucket ORDER BY bucket DESC`,
    )
    .all(from, until);
  return rows.map(({ bucket, pulls }) => ({ time: Number(bucket) * hours * HOUR_MS, pulls: Number(pulls) }));
}

/** Most first. */
export function pullRanking(db: DatabaseSync, question: PullRankingQuestion): readonly PullsOfName[] {
  const { from, until } = rankingRange(question);
  const rows = db
    .prepare(
      `SELECT name, sum(gets) AS pulls FROM pulled_day WHERE kind = ? AND day >= ? AND day < ?
       GROUP BY name ORDER BY pulls DESC, name LIMIT ?`,
    )
    .all(question.by, from, until, question.limit);
  return rows.map(({ name, pulls }) => ({ name: String(name), pulls: Number(pulls) }));
}
