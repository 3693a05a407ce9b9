/** How much was pulled over time, and by whom most: from counts that are kept as pulls come. */
import { z } from 'zod';
import { PULLED, type Pulled } from '../../inventory/pull-tallies.ts';
import { timestamp } from '../../store/clock.ts';
import { number } from '../answer-facts.ts';
import { requireAll } from '../for-all.ts';
import { COUNTED_COLUMNS, COUNTED_FIELDS, countedSpan, perParameter } from '../over-time.ts';
import { limitOf, parameter, SHARED } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { widened } from '../widened.ts';

/** Of an hour or day, or of a name. */
const item = z.strictObject({
  ...COUNTED_FIELDS,
  pulls: number.describe('answered GETs of manifests'),
});
export type PullActivityItem = z.output<typeof item>;

const parameters = z.strictObject({
  by: parameter(
    'repository, user or host: those with most pulls, most first; days are whole',
    'repository, user or host',
    (text): Pulled | undefined => PULLED.find((one) => one === text),
  ),
  per: perParameter('pulls'),
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
});

export const pullActivity: Question<z.output<typeof parameters>, PullActivityItem> = {
  name: 'pull-activity',
  summary: 'how much was pulled: per hour or day, or by repository, user or host',
  parameters,
  item,
  columns: [...COUNTED_COLUMNS, { head: 'PULLS', least: 5, text: ({ pulls }) => String(pulls) }],
  async answer({ inventory, now }, query, mayRead) {
    const { by } = query;
    const { per, since, until } = countedSpan(query, now());
    const limit = limitOf(query);
    if (by === undefined) {
      requireAll(mayRead, 'how much was pulled');
      const times = await inventory.series({ per, since, until });
      return {
        items: times.slice(0, limit).map(({ time, pulls }) => ({ time: timestamp(time), pulls })),
        ...(times.length > limit && { more: true }),
      };
    }
    if (by !== 'repository') requireAll(mayRead, `how much each ${by} pulled`);
    const may = remembered(mayRead);
    const asked = { by, since, until };
    const { rows, more } = await widened(
      async (size) => ({ answer: await inventory.ranking({ ...asked, limit: size }) }),
      limit,
      ({ name }) => by !== 'repository' || may(name),
    );
    return { items: rows, ...(more && { more }) };
  },
};
