/** Counts over time, and who or what has most: from numbers that are kept as records come. */
import { z } from 'zod';
import { COUNTED, type Counted, type Series } from '../../index/questions/tallies.ts';
import { RECORD_TYPES } from '../../provenance/record.ts';
import { timestamp } from '../../store/clock.ts';
import { number } from '../answer-facts.ts';
import { requireAll } from '../for-all.ts';
import { COUNTED_COLUMNS, COUNTED_FIELDS, countedSpan, perParameter } from '../over-time.ts';
import { limitOf, malformed, parameter, SHARED } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { widened } from '../widened.ts';

/** Of an hour or day, or of a name. */
const item = z.strictObject({
  ...COUNTED_FIELDS,
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
  per: perParameter('counts'),
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

export const activity: Question<ActivityQuery, ActivityItem> = {
  name: 'activity',
  summary: 'how much happened: per hour or day, or by repository, user or host',
  parameters,
  item,
  columns: [
    ...COUNTED_COLUMNS,
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
    const { by, type } = query;
    const { per, since, until } = countedSpan(query, now());
    if (by !== undefined) {
      if (by !== 'repository') requireAll(mayRead, `the activity of each ${by}`);
      const may = remembered(mayRead);
      const asked = { by, types: [type ?? 'push.accepted'], since, until };
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
    const { answer, watermark } = await index.ask('series', { of, per, since, until });
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
