/** What questions have in common that count over time, or by names of which those with most are told. */
import { z } from 'zod';
import { moment as time } from './answer-facts.ts';
import { moment, userOf } from './cells.ts';
import { type Moment, malformed, parameter, spanOf } from './parameters.ts';
import type { Column } from './question.ts';

const DAY_MS = 86_400_000;

/** Fields of a row: of an hour or day, or of a name. */
export const COUNTED_FIELDS = {
  time: time.describe('the beginning of the hour or day').exactOptional(),
  name: z.string().exactOptional(),
};

export const COUNTED_COLUMNS: readonly Column<{ readonly time?: string; readonly name?: string }>[] = [
  { head: 'TIME (UTC)', least: 14, text: ({ time }) => moment(time ?? ''), whole: ({ time }) => time ?? '' },
  { head: 'NAME', least: 8, text: ({ name, time }) => (time === undefined ? userOf(name ?? '') : '') },
];

/** @param what is counted. */
export function perParameter(what: string) {
  return parameter(`hour or day: ${what} over time, latest first`, 'hour or day', (text) =>
    text === 'hour' || text === 'day' ? text : undefined,
  );
}

interface Asked {
  readonly by?: string | undefined;
  readonly per?: 'hour' | 'day' | undefined;
  readonly since?: Moment | undefined;
  readonly until?: Moment | undefined;
}

/**
 * @param now milliseconds since 1970, as are `since` and `until`.
 * @returns the last 30 days by day, or two days by hour, unless told otherwise.
 * @throws {WardenError} FILTER_MALFORMED
 */
export function countedSpan(asked: Asked, now: number) {
  const { by, per = 'day' } = asked;
  const span = spanOf(asked, now);
  if (by !== undefined && asked.per !== undefined) throw malformed('by', 'cannot be given together with per');
  const until = span.until ?? now + 1;
  return { per, since: span.since ?? until - (per === 'day' ? 30 : 2) * DAY_MS, until };
}
