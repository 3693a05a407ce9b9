import { happened, toneOf } from '../happened.ts';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';

/** What happened, in words; where one points at it, as the record calls it. */
export function Happened({ record }: { readonly record: RecordItem }) {
  const say = useSay();
  const word = happened(record);
  return (
    <>
      <span class={`badge ${toneOf(record.type)}`} title={record.type}>
        {word === undefined ? record.type : say(word)}
      </span>
      {record.count !== undefined && record.count > 1 && (
        <span class="hint" title={say('record.standsWhy')}>
          {' '}
          {say('record.stands', { count: record.count })}
        </span>
      )}
    </>
  );
}
