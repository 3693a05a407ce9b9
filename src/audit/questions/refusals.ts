/** Refusals and failed logins added up: by whom, from where, what, by which rule. */
import { z } from 'zod';
import { timestamp } from '../../store/clock.ts';
import { number, recordIndex, moment as time, user } from '../answer-facts.ts';
import { moment, placeOf, userOf } from '../cells.ts';
import { limitOf, parameter, SHARED, spanOf } from '../parameters.ts';
import type { Page, Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { widened } from '../widened.ts';

const item = z.strictObject({
  hour: time.describe('the beginning of the hour').exactOptional(),
  type: z.string().describe('push.refused or login.failed'),
  repository: z.string().describe('empty for none'),
  user: user.exactOptional(),
  host: z.string().exactOptional(),
  address: z.string().exactOptional(),
  rule: z.string().exactOptional(),
  reason: z.string().exactOptional(),
  events: number,
  index: recordIndex.describe('of the latest record'),
});
export type RefusalItem = Readonly<z.output<typeof item>>;

interface RefusalPage extends Page<RefusalItem> {
  readonly from?: string;
}

const parameters = z.strictObject({
  ...{ since: SHARED.since, until: SHARED.until, limit: SHARED.limit },
  per: parameter('hour: each hour apart, latest first; otherwise the largest first', 'hour or all', (text) =>
    text === 'hour' ? true : text === 'all' ? false : undefined,
  ),
  of: parameter('pushes or logins; both unless told', 'pushes or logins', (text) => TYPES[text]),
});

const TYPES: Readonly<Record<string, string>> = { pushes: 'push.refused', logins: 'login.failed' };
const WEEK_MS = 604_800_000;

export const refusals: Question<z.output<typeof parameters>, RefusalItem> = {
  name: 'refusals',
  summary: 'refusals and failed logins added up, of the last week unless told, largest first',
  parameters,
  item,
  page: {
    from: time
      .describe(
        'what was before then is not added up, or in part: there was too much; ask for a time before it',
      )
      .exactOptional(),
  },
  columns: [
    {
      head: 'HOUR (UTC)',
      least: 14,
      text: ({ hour }) => moment(hour ?? ''),
      whole: ({ hour }) => hour ?? '',
    },
    { head: 'EVENTS', least: 6, text: ({ events }) => String(events) },
    { head: 'WHAT', least: 8, text: ({ type }) => type },
    { head: 'REPOSITORY', least: 11, text: ({ repository }) => repository },
    { head: 'USER', least: 6, text: ({ user }) => (user === undefined ? '' : userOf(user)) },
    { head: 'FROM', least: 9, text: ({ address, host }) => placeOf(address, host) },
    { head: 'WHY', least: 6, text: ({ rule, reason }) => rule ?? reason ?? '' },
  ],
  async answer({ index, now }, query, mayRead): Promise<RefusalPage> {
    const may = remembered(mayRead);
    const present = now();
    const { since = present - WEEK_MS, until = present + 1 } = spanOf(query, present);
    let from: number | undefined;
    const { rows, more, watermark } = await widened(
      async (limit) => {
        const asked = { since, until, hourly: query.per === true, limit };
        const { answer, watermark } = await index.ask('refusals', asked);
        from = answer.from;
        return { answer: answer.groups, watermark };
      },
      limitOf(query),
      ({ repository, type }) => may(repository) && (query.of === undefined || type === query.of),
    );
    return {
      items: rows.map(({ hour, last, ...group }) => ({
        ...(hour !== undefined && { hour: timestamp(hour) }),
        ...group,
        index: last,
      })),
      ...((more || from !== undefined) && { more: true }),
      ...(from !== undefined && { from: timestamp(from) }),
      watermark,
    };
  },
};
