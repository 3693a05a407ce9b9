/** Everything about one image: who pushed it, under which names, on which base, what was built on it, what refers to it. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { Filters } from '../parts/filters.tsx';
import { Pages } from '../parts/pages.tsx';
import type { Column } from '../parts/table.tsx';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';
import { RECORD_COLUMNS } from './records.tsx';

type Appearance = RecordItem & { readonly as: string };
type Built = RecordItem & { readonly distance: number; readonly evidence: string };

const APPEARANCES: readonly Column<Appearance>[] = [
  { word: 'column.as', cell: ({ as }) => as },
  ...RECORD_COLUMNS,
];
const BUILT: readonly Column<Built>[] = [
  { word: 'column.distance', cell: ({ distance }) => distance },
  { word: 'column.evidence', cell: ({ evidence }) => evidence },
  ...RECORD_COLUMNS.filter(({ word }) => word !== 'column.type'),
];

export function Image({ place }: { readonly place: Place }) {
  const say = useSay();
  const digest = place.query.get('digest') ?? '';
  const about = useMemo(() => ({ query: new URLSearchParams({ digest }) }), [digest]);
  const on = useMemo(() => ({ query: new URLSearchParams({ base: digest }) }), [digest]);
  return (
    <main id="content">
      <h1>{say('image.title')}</h1>
      <Filters place={place} path="image" filters={[{ name: 'digest', word: 'filter.digest' }]} />
      {digest === '' ? (
        <p class="hint">{say('image.hint')}</p>
      ) : (
        <>
          <p>
            <code>{digest}</code>
          </p>
          <h2>{say('image.records')}</h2>
          <Pages<Appearance>
            question="image"
            place={about}
            name="appearances"
            caption={say('image.records')}
            columns={APPEARANCES}
            keyOf={({ index, as }) => `${index} ${as}`}
            hrefOf={({ index }) => hrefOf(`record/${index}`)}
          />
          <h2>{say('image.builtOn')}</h2>
          <Pages<Built>
            question="built-on"
            place={on}
            name="built"
            caption={say('image.builtOn')}
            columns={BUILT}
            keyOf={({ index }) => index}
            hrefOf={({ index }) => hrefOf(`record/${index}`)}
          />
          <p>
            <a href={hrefOf('hosts', { digest })}>{say('image.pulls')}</a>
          </p>
        </>
      )}
    </main>
  );
}
