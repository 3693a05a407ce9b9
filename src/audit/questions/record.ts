/** One record, by its index in the log or by its id. */
import { z } from 'zod';
import { canonicalText } from '../../provenance/canonical.ts';
import { malformed, parameter, parseCount } from '../parameters.ts';
import type { Question } from '../question.ts';
import { recordItem } from '../record-item.ts';
import type { PushItem } from '../record-pages.ts';
import { visibleParts } from '../visible-parts.ts';
import { PUSHES_COLUMNS } from './pushes.ts';

export type RecordItem = PushItem & {
  /** The leaf's own text, whose hash is in the signed tree. Absent where the reader may not see all of the record. */
  readonly leaf?: string;
};

const parameters = z.strictObject({
  index: parameter('its index in the log, as other answers give it', 'the index of a record', parseCount),
  id: parameter('its id, as records have it', 'the id of a record: a UUID', (text) =>
    /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) ? text : undefined,
  ),
});

export const record: Question<z.output<typeof parameters>, RecordItem> = {
  name: 'record',
  summary: 'one record with everything that it holds, by its index or its id',
  parameters,
  item: recordItem,
  columns: PUSHES_COLUMNS,
  // The leaf is all of it once more.
  factsBut: ['leaf'],
  async answer({ index }, { index: place, id }, mayRead) {
    if ((place === undefined) === (id === undefined)) throw malformed('index', 'or id: give one of them');
    const { watermark } = await index.find({ filters: {}, limit: 1 });
    const wanted = id === undefined ? place : (await index.entryOf(id))?.index;
    if (wanted === undefined || wanted >= watermark) return { items: [], watermark };
    const [found] = await index.records([wanted]);
    const repository = found && 'subject' in found ? (found.subject?.repo ?? '') : '';
    // One of somebody else is as if it were not there.
    if (found === undefined || !mayRead(repository)) return { items: [], watermark };
    const shown = visibleParts(found, mayRead);
    return {
      items: [{ index: wanted, ...shown, ...(shown === found && { leaf: canonicalText(found) }) }],
      watermark,
    };
  },
};
