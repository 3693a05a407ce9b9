/** What was built on a base, directly and through others. */
import { z } from 'zod';
import { basesAsked } from '../bases-asked.ts';
import { parameter, parseDigest, required } from '../parameters.ts';
import type { Page, Question } from '../question.ts';
import { recordItem } from '../record-item.ts';
import { type PushItem, recordPage } from '../record-pages.ts';
import { PUSHES_COLUMNS, pushesParameters, recordQuery } from './pushes.ts';

export type BuiltItem = PushItem & {
  /** 1: directly on it. */
  readonly distance: number;
  /** `claimed`: somebody's word is all there is, at one step of the way at least. */
  readonly evidence: 'observed' | 'claimed';
};

export const base = required(
  'the base: digest of its manifest or image id; of one on record 7 hex digits are enough',
  'sha256: and at least 7 of its hex digits (sha256: can be left out)',
  parseDigest,
);

const { repository, tag, user, host, since, until, limit, cursor, label } = pushesParameters.shape;
const parameters = z.strictObject({
  ...{ base, repository, tag, user, host, since, until, label, limit, cursor },
  direct: parameter('yes: only images built on it directly', 'yes or no', (text) =>
    text === 'yes' ? true : text === 'no' ? false : undefined,
  ),
});
export type BuiltOnQuery = z.output<typeof parameters>;

export const builtOn: Question<BuiltOnQuery, BuiltItem> = {
  name: 'built-on',
  summary: 'accepted images that were built on a base, directly or through others, newest first',
  parameters,
  item: recordItem,
  columns: [
    ...PUSHES_COLUMNS.filter(({ head }) => head !== 'RESULT' && head !== 'WHY'),
    { head: 'DISTANCE', least: 8, text: ({ distance }) => String(distance) },
    { head: 'EVIDENCE', least: 8, text: ({ evidence }) => evidence },
  ],
  async answer(parts, { base: asked, direct, ...query }, mayRead): Promise<Page<BuiltItem>> {
    const bases = await basesAsked(parts, asked, mayRead);
    const { filters, ...rest } = recordQuery(query, parts.now());
    const built = { ...filters, bases, directly: direct === true, types: ['push.accepted'] };
    const page = await recordPage(parts, { ...rest, filters: built }, mayRead);
    const indexes = page.items.map(({ index }) => index);
    const { answer: ways } = await parts.index.ask('waysOf', { bases, indexes });
    const byIndex = new Map(ways.map((way) => [way.index, way]));
    return {
      ...page,
      items: page.items.map((item) => {
        const way = byIndex.get(item.index);
        return { ...item, distance: way?.distance ?? 1, evidence: way?.claimed ? 'claimed' : 'observed' };
      }),
    };
  },
};
