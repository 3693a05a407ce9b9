/** Counts over time, and who or what has most: from numbers that are kept as records come. */
import { z } from 'zod';
import { COUNTED, type Counted, type Series } from '../../index/tallies.ts';
import { RECORD_TYPES } from '../../provenance/record.ts';
import { timestamp } from '../../store/clock.ts';
import { number, moment as time } from '../answer-facts.ts';
import { moment } from '../cells.ts';
import { requireAll } from '../for-all.ts';
import { limitOf, malformed, parameter, SHARED, spanOf } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { widened } from '../widened.ts';

/** Of an hour or day, or of a name. */
const item = z.strictObject({
  time: time.describe('the beginning of the hour or day').exactOptional(),
  name: z.string().exactOptional(),
  events: number.describe('of the hour or day; of a name, of the types that were asked for together'),
  types: z.record(z.string(), number).describe('events of each type').exactOptional(),
});
export type ActivityItem = z.output<typeof item>;

const parameters = z.strictObject({
  by: parameter(
    'repository, user or host: those with most events, largest first',
    'repository, user or host',
    (text) => (Object.hasOwn(COUNTED, text) ? (text as Counted) : undefined),
  ),
  per: parameter('hour or day: counts over time, latest first', 'hour or day', (text) =>
    text === 'hour' || text === 'day' ? text : undefined,
  ),
  repository: parameter('of this repository', 'the name of a repository', (text) => text || undefined),
  user: SHARED.user,
  host: SHARED.host,
  type: parameter(
    'records of one type, for example push.refused; accepted pushes unless told',
    `one of ${RECORD_TYPES.join(', ')}`,
    (text) => RECORD_TYPES.find((one) => one === text),
  ),
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
});
export type ActivityQuery = z.output<typeof parameters>;

const DAY_MS = 86_400_000;

export const activity: Question<ActivityQuery, ActivityItem> = {
  name: 'activity',
  summary: 'how much happened: per hour or day, or by repository, user or host',
  parameters,
  item,
  columns: [
    {
      head: 'TIME (UTC)',
      least: 14,
      text: ({ time }) => moment(time ?? ''),
      whole: ({ time }) => time ?? '',
    },
    { head: 'NAME', least: 8, text: ({ name, time }) => (time === undefined ? name || '(anonymous)' : '') },
    { head: 'EVENTS', least: 6, text: ({ events }) => String(events) },
    {
      head: 'OF THESE',
      least: 10,
      text: ({ types }) =>
        Object.entries(types ?? {})
          .map(([type, events]) => `${events} ${type}`)
          .join(', '),
    },
  ],
  async answer({ index, now }, query, mayRead) {
    const { by, per, type } = query;
    const present = now();
    const span = spanOf(query, present);
    const until = span.until ?? present + 1;
    if (by !== undefined) {
      if (per !== undefined) throw malformed('by', 'cannot be given together with per');
      if (by !== 'repository') requireAll(mayRead, `the activity of each ${by}`);
      const may = remembered(mayRead);
      const asked = { by, types: [type ?? 'push.accepted'], since: span.since ?? until - 30 * DAY_MS, until };
      const { rows, more, watermark } = await widened(
        (limit) => index.ask('ranking', { ...asked, limit }),
        limitOf(query),
        ({ name }) => by !== 'repository' || may(name),
      );
      return { items: rows, ...(more && { more }), watermark };
    }
    const of = countedOf(query);
    if (of?.kind !== 'repository') requireAll(mayRead, 'activity that is not of one repository');
    else if (!mayRead(of.name)) return { items: [], watermark: 0 };
    const unit = per ?? 'day';
    const since = span.since ?? until - (unit === 'day' ? 30 : 2) * DAY_MS;
    const { answer, watermark } = await index.ask('series', { of, per: unit, since, until });
    const times = timesOf(answer, type);
    const limit = limitOf(query);
    return { items: times.slice(0, limit), ...(times.length > limit && { more: true }), watermark };
  },
};

/** @throws {WardenError} FILTER_MALFORMED */
function countedOf({ repository, user, host }: ActivityQuery) {
  const given = Object.entries({ repository, user, host }).filter(([, name]) => name !== undefined);
  if (given.length > 1)
    throw malformed(given[1]?.[0] ?? '', `cannot be given together with ${given[0]?.[0]}`);
  const [kind, name] = given[0] ?? [];
  return kind === undefined || name === undefined ? undefined : { kind: kind as Counted, name };
}

function timesOf(answer: readonly Series[], type: string | undefined): readonly ActivityItem[] {
  const times = new Map<number, Record<string, number>>();
  for (const one of answer) {
    if (type !== undefined && one.type !== type) continue;
    times.set(one.time, { ...times.get(one.time), [one.type]: one.events });
  }
  return [...times].map(([time, types]) => ({
    time: timestamp(time),
    events: Object.values(types).reduce((sum, events) => sum + events, 0),
    types,
  }));
}
