/** The layers of one pushed image, and with which push each of them came here first. */
import { z } from 'zod';
import { recordIndex, moment as time, user, digest as wholeDigest } from '../answer-facts.ts';
import { moment, short, userOf } from '../cells.ts';
import { parseCount, required } from '../parameters.ts';
import type { AuditParts, Question } from '../question.ts';
import { remembered } from '../record-pages.ts';
import type { MayRead } from '../visible-parts.ts';

const item = z.strictObject({
  digest: wholeDigest.describe('of the layer'),
  first: z
    .strictObject({ index: recordIndex, repository: z.string(), time, user: user.exactOptional() })
    .describe(
      'the first record of an image with it that the asker may see; of a mount that of the repository it came from',
    )
    .exactOptional(),
});
export type LayerItem = Readonly<z.output<typeof item>>;

const parameters = z.strictObject({
  index: required('of the record, as other answers give it', 'the index of a record', parseCount),
});

/** The oldest records with a layer that are looked at for one that the asker may see: more of them while there is none. */
const FIRST = [50, 5_000, 2_000_000];

export const layers: Question<z.output<typeof parameters>, LayerItem> = {
  name: 'layers',
  summary: 'the layers of one pushed image, and with which push each of them came first; lowest first',
  parameters,
  item,
  columns: [
    { head: 'LAYER', least: 12, text: ({ digest }) => short(digest), whole: ({ digest }) => digest },
    {
      head: 'FIRST (UTC)',
      least: 14,
      text: ({ first }) => moment(first?.time ?? ''),
      whole: ({ first }) => first?.time ?? '',
    },
    { head: 'REPOSITORY', least: 12, text: ({ first }) => first?.repository ?? '' },
    {
      head: 'USER',
      least: 6,
      text: ({ first }) => (first?.user === undefined ? '' : userOf(first.user)),
    },
  ],
  async answer(parts, { index: wanted }, mayRead) {
    const { watermark } = await parts.index.find({ filters: {}, limit: 1 });
    const [record] = wanted < watermark ? await parts.index.records([wanted]) : [];
    // One of somebody else is as if it were not there.
    if (record?.type !== 'push.accepted' || !mayRead(record.subject.repo)) return { items: [], watermark };
    const may = remembered(mayRead);
    const items: LayerItem[] = [];
    for (const digest of record.subject.layerDigests ?? []) {
      const first = await firstOf(parts, digest, may);
      items.push({ digest, ...(first && { first }) });
    }
    return { items, watermark };
  },
};

async function firstOf({ index }: AuditParts, digest: string, may: MayRead): Promise<LayerItem['first']> {
  for (const limit of FIRST) {
    const { answer } = await index.ask('firstWithLayer', { digest, limit });
    const seen = answer.find(({ repository }) => may(repository));
    if (seen === undefined) continue;
    const [record] = await index.records([seen.index]);
    if (record === undefined) return undefined;
    const user = 'actor' in record ? record.actor?.sub : undefined;
    return { ...seen, time: record.time, ...(user !== undefined && { user }) };
  }
  return undefined;
}
