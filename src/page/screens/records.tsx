/** The list of records, with every filter of the API in the address bar. */
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Pages } from '../parts/pages.tsx';
import { SavedQuestions } from '../parts/saved-questions.tsx';
import type { Column } from '../parts/table.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import type { RecordItem } from '../records.ts';
import { useSay } from '../words/words.ts';

const FILTERS: readonly Filter[] = [
  { name: 'repository', word: 'filter.repository' },
  { name: 'tag', word: 'filter.tag' },
  { name: 'digest', word: 'filter.digest' },
  { name: 'user', word: 'filter.user' },
  { name: 'host', word: 'filter.host' },
  { name: 'since', word: 'filter.since' },
  { name: 'until', word: 'filter.until' },
  {
    name: 'result',
    word: 'filter.result',
    choices: [
      { value: '', word: 'filter.result.all' },
      { value: 'accepted', word: 'filter.result.accepted' },
      { value: 'refused', word: 'filter.result.refused' },
    ],
  },
  { name: 'network', word: 'filter.network', rare: true },
  { name: 'rule', word: 'filter.rule', rare: true },
  { name: 'job', word: 'filter.job', rare: true },
  { name: 'commit', word: 'filter.commit', rare: true },
  { name: 'type', word: 'filter.type', rare: true },
];

export const RECORD_COLUMNS: readonly Column<RecordItem>[] = [
  { word: 'column.time', cell: ({ time }) => <Time at={time} /> },
  { word: 'column.type', cell: ({ type }) => <span class={`badge ${toneOf(type)}`}>{type}</span> },
  { word: 'column.repository', cell: ({ subject }) => subject?.repo },
  { word: 'column.tag', cell: ({ tag }) => tag?.name },
  { word: 'column.digest', cell: ({ subject }) => subject?.digest && <Digest value={subject.digest} /> },
  { word: 'column.user', cell: ({ actor }) => <User name={actor?.sub} /> },
  { word: 'column.method', cell: ({ actor }) => actor?.method, extra: true },
  { word: 'column.host', cell: ({ peer }) => peer?.host ?? peer?.ip },
  { word: 'column.address', cell: ({ peer }) => peer?.ip, extra: true },
  {
    word: 'column.build',
    cell: ({ build }) => build && [build.job, build.number].filter((one) => one !== undefined).join(' #'),
  },
  { word: 'column.rule', cell: ({ policy }) => policy?.rules?.join(', '), extra: true },
  { word: 'column.client', cell: ({ peer }) => peer?.ua, extra: true },
  { word: 'column.count', cell: ({ count }) => count, extra: true },
  { word: 'column.index', cell: ({ index }) => index, extra: true },
];

export function toneOf(type: string): string {
  if (/refused|failed|missing|revoked/.test(type)) return 'bad';
  if (/aborted|drift|deleted/.test(type)) return 'warn';
  return 'good';
}

export function Records({ place }: { readonly place: Place }) {
  const say = useSay();
  return (
    <main id="content">
      <h1>{say('nav.records')}</h1>
      <Filters place={place} path="records" filters={FILTERS} />
      <SavedQuestions place={place} />
      <Pages<RecordItem>
        question="pushes"
        place={place}
        name="records"
        caption={say('nav.records')}
        columns={RECORD_COLUMNS}
        keyOf={({ index }) => index}
        hrefOf={({ index }) => hrefOf(`record/${index}`)}
      />
    </main>
  );
}
