/** In how many repositories a base is, and in which. */
import { z } from 'zod';
import { number, recordIndex, moment as time } from '../answer-facts.ts';
import { basesAsked } from '../bases-asked.ts';
import { moment } from '../cells.ts';
import { limitOf, parameter, SHARED } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { base } from './built-on.ts';

const item = z.strictObject({
  repository: z.string(),
  pushes: number.describe('records of accepted images that are built on it'),
  last: time.describe('when the latest of them was pushed'),
  index: recordIndex.describe('of the latest of them'),
});
export type BaseRepositoryItem = z.output<typeof item>;

const parameters = z.strictObject({
  base,
  limit: SHARED.limit,
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) => {
    const [, last, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
    return last === undefined ? undefined : { last: Number(last), id: Number(id) };
  }),
});

/** Rows asked for, for one page. */
const ROUNDS = 10;

export const baseRepositories: Question<z.output<typeof parameters>, BaseRepositoryItem> = {
  name: 'base-repositories',
  summary: 'repositories with images that were built on a base, latest first',
  parameters,
  item,
  columns: [
    { head: 'REPOSITORY', least: 12, text: ({ repository }) => repository },
    { head: 'PUSHES', least: 6, text: ({ pushes }) => String(pushes) },
    { head: 'LAST (UTC)', least: 14, text: ({ last }) => moment(last), whole: ({ last }) => last },
  ],
  async answer(parts, { base: asked, cursor, ...query }, mayRead) {
    const may = remembered(mayRead);
    const limit = limitOf(query);
    const bases = await basesAsked(parts, asked, mayRead);
    const found: { repository: string; pushes: number; last: number; id: number }[] = [];
    let after = cursor;
    let more = true;
    let watermark = 0;
    for (let round = 0; round < ROUNDS && found.length <= limit && more; round++) {
      const size = (limit + 1) * (round === 0 ? 1 : 4);
      const page = await parts.index.ask('baseRepositories', { bases, after, limit: size });
      watermark ||= page.watermark;
      found.push(...page.answer.filter(({ repository }) => may(repository)));
      after = page.answer.at(-1) ?? after;
      more = page.answer.length === size;
    }
    const shown = found.slice(0, limit);
    const next = found.length > limit ? shown.at(-1) : more ? after : undefined;
    const records = await parts.index.records(shown.map(({ last }) => last));
    return {
      items: shown.map(({ repository, pushes, last }, at) => ({
        ...{ repository, pushes, index: last },
        last: records[at]?.time ?? '',
      })),
      ...(next && { next: `${next.last}.${next.id}` }),
      watermark,
    };
  },
};
