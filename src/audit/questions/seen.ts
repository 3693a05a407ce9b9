/** Who and what was not seen for long: users, hosts, jobs, rules that nobody uses any more. */
import { z } from 'zod';
import { SEEN, type Seen, type SeenKind } from '../../index/questions/seen.ts';
import { timestamp } from '../../store/clock.ts';
import { number, moment as time } from '../answer-facts.ts';
import { moment } from '../cells.ts';
import { requireAll } from '../for-all.ts';
import { LARGEST_LIMIT, limitOf, parameter, required, SHARED } from '../parameters.ts';
import type { Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import { parseLength } from '../time.ts';

const item = z.strictObject({ name: z.string(), records: number, first: time, last: time });
export type SeenItem = Readonly<z.output<typeof item>>;

const KINDS = Object.keys(SEEN);
const parameters = z.strictObject({
  kind: required(`one of ${KINDS.join(', ')}`, `one of ${KINDS.join(', ')}`, (text) =>
    Object.hasOwn(SEEN, text) ? (text as SeenKind) : undefined,
  ),
  unused: parameter('not on record for this long: 90d', 'a length of time such as 90d or 12w', parseLength),
  limit: SHARED.limit,
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) => {
    const [, last, id] = /^(\d{1,15})\.(\d{1,15})$/.exec(text) ?? [];
    return last === undefined ? undefined : { last: Number(last), id: Number(id) };
  }),
});

export const seen: Question<z.output<typeof parameters>, SeenItem> = {
  name: 'seen',
  summary: 'users, hosts, jobs, rules or repositories and when they were last on record, longest ago first',
  parameters,
  item,
  columns: [
    { head: 'NAME', least: 12, text: ({ name }) => name || '(anonymous)' },
    { head: 'RECORDS', least: 7, text: ({ records }) => String(records) },
    { head: 'FIRST (UTC)', least: 14, text: ({ first }) => moment(first), whole: ({ first }) => first },
    { head: 'LAST', least: 14, text: ({ last }) => moment(last), whole: ({ last }) => last },
  ],
  async answer({ index, now }, { kind, unused, cursor, ...query }, mayRead) {
    if (kind !== 'repository') requireAll(mayRead, `when each ${kind} was last on record`);
    const may = remembered(mayRead);
    const limit = limitOf(query);
    const before = unused === undefined ? Number.MAX_SAFE_INTEGER : now() - unused;
    const found: Seen[] = [];
    let after = cursor;
    let watermark = 0;
    // On to a row that the asker may see, however many lie between: the place of another would tell when it was last used.
    for (let more = true; more && found.length <= limit; ) {
      const size = found.length === 0 && after === cursor ? limit + 1 : LARGEST_LIMIT;
      const page = await index.ask('seen', { kind, after, limit: size, before });
      watermark ||= page.watermark;
      found.push(...page.answer.filter(({ name }) => kind !== 'repository' || may(name)));
      after = page.answer.at(-1) ?? after;
      more = page.answer.length === size;
    }
    const rows = found.slice(0, limit);
    const last = rows.at(-1);
    return {
      items: rows.map(({ name, records, ...times }) => ({
        ...{ name, records, first: timestamp(times.first), last: timestamp(times.last) },
      })),
      ...(found.length > limit && last && { next: `${last.last}.${last.id}` }),
      watermark,
    };
  },
};
