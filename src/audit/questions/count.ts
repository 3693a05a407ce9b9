/** How many records a list has: asked for apart, since counting takes longer than finding. */
import { z } from 'zod';
import { number } from '../answer-facts.ts';
import { malformed } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { pushesParameters, wholeQuery } from './pushes.ts';

const item = z.strictObject({ repository: z.string(), records: number });
export type CountItem = Readonly<z.output<typeof item>>;

const {
  limit: _limit,
  cursor: _cursor,
  label: _label,
  text: _text,
  inside: _inside,
  outside: _outside,
  ...shape
} = pushesParameters.shape;
const parameters = z.strictObject(shape);

export const count: Question<z.output<typeof parameters>, CountItem> = {
  name: 'count',
  summary: 'how many records pushes would list with the same filters, by repository, largest first',
  parameters,
  item,
  page: {
    total: number.describe('of all that the asker may see'),
    complete: z.boolean().describe('whether all of them were counted'),
  },
  columns: [
    { head: 'REPOSITORY', least: 12, text: ({ repository }) => repository },
    { head: 'RECORDS', least: 7, text: ({ records }) => String(records) },
  ],
  async answer({ index, now }, query, mayRead) {
    const may = remembered(mayRead);
    const { filters, check } = await wholeQuery({ index, now }, query, mayRead);
    if (check) throw malformed('without', 'label: cannot be counted');
    const { answer, watermark } = await index.ask('count', { filters });
    const items = answer.counts.filter(({ repository }) => may(repository));
    return {
      items,
      total: items.reduce((sum, { records }) => sum + records, 0),
      complete: answer.complete,
      ...(!answer.complete && { more: true as const }),
      watermark,
    };
  },
};
