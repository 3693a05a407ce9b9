/** Everything on record about one image: who pushed it first, under which names, in which indexes, what refers to it. */
import { z } from 'zod';
import type { Appearance, Role } from '../../index/questions/appearances.ts';
import { limitOf, malformed, parameter, parseDigest, required, SHARED } from '../parameters.ts';
import type { AuditParts, Page, Question } from '../question.ts';
import { imagePage, recordItem } from '../record-item.ts';
import { type PushItem, remembered } from '../record-pages.ts';
import { type MayRead, visibleParts } from '../visible-parts.ts';
import { PUSHES_COLUMNS } from './pushes.ts';

export type ImageItem = PushItem & {
  /**
   * What the digest is to this record: the `manifest` that it is about, its `config`, a `child` of it (a platform of an
   * index), or what it is a signature or attestation `of`.
   */
  readonly as: Role;
};

export interface ImagePage extends Page<ImageItem> {
  /** Whole, where anything of it is shown. */
  readonly digest: string;
  /** The first push of exactly this manifest that the asker may see; absent where it never was one. */
  readonly first?: PushItem;
}

const parameters = z.strictObject({
  digest: required(
    'of a manifest, a platform or a configuration, as docker inspect shows it; 7 hex digits are enough',
    'sha256: and at least 7 of its hex digits (sha256: can be left out)',
    parseDigest,
  ),
  limit: SHARED.limit,
  cursor: parameter('what the answer before gave as next', 'what an answer gave as next', (text) =>
    /^\d{1,15}$/.test(text) ? Number(text) : undefined,
  ),
});

const ROUNDS = 10;
const WIDEST = 1_000;
/** Records from the first on that are looked at for one that the asker may see: more of them while there is none. */
const FIRST = [200, 20_000, 2_000_000];

export const image: Question<z.output<typeof parameters>, ImageItem> = {
  name: 'image',
  summary: 'all records about an image: who pushed it, under which names, what refers to it; newest first',
  parameters,
  item: recordItem,
  page: imagePage,
  columns: [{ head: 'AS', least: 8, text: ({ as }) => as }, ...PUSHES_COLUMNS],
  async answer(parts, { digest: asked, cursor, ...query }, mayRead): Promise<ImagePage> {
    const limit = limitOf(query);
    const may = remembered(mayRead);
    const { answer: known, watermark } = await parts.index.ask('wholeDigests', { prefix: asked, limit: 2 });
    if (known.length > 1) throw malformed('digest', 'is the beginning of several; give more of it');
    const [digest] = known;
    if (digest === undefined) return { items: [], digest: asked, watermark };
    const found: Appearance[] = [];
    let before = cursor;
    let more = true;
    for (let round = 0; round < ROUNDS && found.length <= limit && more; round++) {
      const size = round === 0 ? limit + 1 : WIDEST;
      const { answer } = await parts.index.ask('appearances', {
        ...{ digest, limit: size },
        ...(before !== undefined && { before }),
      });
      found.push(...answer.filter(({ repository }) => may(repository)));
      before = answer.at(-1)?.index ?? before;
      more = answer.length === size;
    }
    const shown = found.slice(0, limit);
    const records = await parts.index.records(shown.map(({ index }) => index));
    const next = found.length > limit ? shown.at(-1)?.index : more ? before : undefined;
    const first = await firstPush(parts, digest, may);
    return {
      items: shown.flatMap(({ index, role }, at) => {
        const record = records[at];
        return record === undefined ? [] : [{ as: role, index, ...visibleParts(record, mayRead) }];
      }),
      // Of what the asker may see nothing of, no more is told than was asked.
      digest: shown.length > 0 || first ? digest : asked,
      ...(first && { first }),
      ...(next !== undefined && { next: String(next) }),
      watermark,
    };
  },
};

async function firstPush(
  { index }: AuditParts,
  digest: string,
  mayRead: MayRead,
): Promise<PushItem | undefined> {
  for (const limit of FIRST) {
    const { answer } = await index.ask('firstPushes', { digest, limit });
    const row = answer.find(({ repository }) => mayRead(repository));
    if (row === undefined) continue;
    const [record] = await index.records([row.index]);
    return record && { index: row.index, ...visibleParts(record, mayRead) };
  }
  return undefined;
}
