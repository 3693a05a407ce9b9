/** How much was pulled over time, and by whom most: from counts that are kept as pulls come. */
import { z } from 'zod';
import { PULLED, type Pulled } from '../../inventory/pull-tallies.ts';
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
  pulls: number.describe('answered GETs of manifests'),
});
export type PullActivityItem = z.output<typeof item>;

const parameters = z.strictObject({
  by: parameter(
    'repository, user or host: those with most pulls, most first; days are whole',
    'repository, user or host',
    (text): Pulled | undefined => PULLED.find((one) => one === text),
  ),
  per: parameter('hour or day: pulls over time, latest first', 'hour or day', (text) =>
    text === 'hour' || text === 'day' ? text : undefined,
  ),
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
});

const DAY_MS = 86_400_000;

export const pullActivity: Question<z.output<typeof parameters>, PullActivityItem> = {
  name: 'pull-activity',
  summary: 'how much was pulled: per hour or day, or by repository, user or host',
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
    { head: 'PULLS', least: 5, text: ({ pulls }) => String(pulls) },
  ],
  async answer({ inventory, now }, query, mayRead) {
    const { by, per } = query;
    const present = now();
    const span = spanOf(query, present);
    const until = span.until ?? present + 1;
    const limit = limitOf(query);
    if (by === undefined) {
      requireAll(mayRead, 'how much was pulled');
      const unit = per ?? 'day';
      const since = span.since ?? until - (unit === 'day' ? 30 : 2) * DAY_MS;
      const times = await inventory.series({ per: unit, since, until });
      return {
        items: times.slice(0, limit).map(({ time, pulls }) => ({ time: timestamp(time), pulls })),
        ...(times.length > limit && { more: true }),
      };
    }
    if (per !== undefined) throw malformed('by', 'cannot be given together with per');
    if (by !== 'repository') requireAll(mayRead, `how much each ${by} pulled`);
    const may = remembered(mayRead);
    const asked = { by, since: span.since ?? until - 30 * DAY_MS, until };
    const { rows, more } = await widened(
      async (size) => ({ answer: await inventory.ranking({ ...asked, limit: size }) }),
      limit,
      ({ name }) => by !== 'repository' || may(name),
    );
    return { items: rows, ...(more && { more }) };
  },
};
