/** The list of records, with every filter of the API in the address bar. */
import { wordOfType } from '../happened.ts';
import type { Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { ListTools } from '../parts/list-tools.tsx';
import { Pages } from '../parts/pages.tsx';
import { SavedQuestions } from '../parts/saved-questions.tsx';
import type { RecordItem } from '../records.ts';
import { EVENTS } from '../words/events.ts';
import { useSay } from '../words/words.ts';
import { LEADS, RECORD_COLUMNS } from './record-columns.tsx';

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;
/** Windows of change in the reader's own zone; others can be typed, and kept as a saved question. */
const WINDOWS = [`Mon-Fri 08:00-18:00 ${ZONE}`, `Mon-Fri 18:00-24:00 ${ZONE}`, `Sat-Sun 00:00-24:00 ${ZONE}`];
const SINCE = ['1h', '24h', '7d', '30d', '90d', '365d'];
const LACKING = ['build', 'source', 'base', 'attest', 'operator', 'grant', 'labels', 'label:'];

const FILTERS: readonly Filter[] = [
  { name: 'since', word: 'filter.since', usual: SINCE },
  { name: 'until', word: 'filter.until', usual: ['24h', '7d'] },
  { name: 'repository', word: 'filter.repository', example: 'team/**' },
  { name: 'tag', word: 'filter.tag', example: '1.*' },
  { name: 'digest', word: 'filter.digest' },
  { name: 'user', word: 'filter.user' },
  { name: 'host', word: 'filter.host' },
  {
    name: 'result',
    word: 'filter.result',
    choices: [
      { value: '', word: 'filter.result.all' },
      { value: 'accepted', word: 'filter.result.accepted' },
      { value: 'refused', word: 'filter.result.refused' },
    ],
  },
  {
    name: 'type',
    word: 'filter.type',
    choices: [
      { value: '', word: 'filter.type.all' },
      ...Object.keys(EVENTS.en)
        .map((word) => word.replace(/^event\./, ''))
        // Of accepted pushes there are several words.
        .filter((type) => !/^push\.(?:new|moved|same|digest)$/.test(type))
        .flatMap((type) => {
          const word = wordOfType(type);
          return word === undefined ? [] : [{ value: type, word }];
        }),
    ],
    rare: true,
  },
  {
    name: 'kind',
    word: 'filter.kind',
    choices: [
      { value: '', word: 'filter.kind.all' },
      { value: 'person', word: 'kind.person' },
      { value: 'robot', word: 'kind.robot' },
      { value: 'build', word: 'kind.build' },
      { value: 'anonymous', word: 'anonymous' },
    ],
    rare: true,
  },
  { name: 'network', word: 'filter.network', rare: true, example: '10.1.0.0/16' },
  { name: 'rule', word: 'filter.rule', rare: true },
  { name: 'reason', word: 'filter.reason', rare: true, usual: ['POLICY_DENIED', 'CREDENTIALS_REFUSED'] },
  { name: 'base', word: 'filter.base', rare: true },
  { name: 'layer', word: 'filter.layer', rare: true },
  { name: 'refers', word: 'filter.refers', rare: true },
  { name: 'job', word: 'filter.job', rare: true },
  { name: 'build', word: 'filter.build', rare: true },
  { name: 'commit', word: 'filter.commit', rare: true },
  { name: 'label', word: 'filter.label', rare: true, example: 'team=blue' },
  { name: 'without', word: 'filter.without', rare: true, usual: LACKING },
  { name: 'unsigned', word: 'filter.unsigned', rare: true, usual: ['1h', '24h', '7d'] },
  { name: 'inside', word: 'filter.inside', rare: true, usual: WINDOWS },
  { name: 'outside', word: 'filter.outside', rare: true, usual: WINDOWS },
  { name: 'text', word: 'filter.text', rare: true },
];

export function Records({ place }: { readonly place: Place }) {
  const say = useSay();
  return (
    <main id="content">
      <h1>{say('nav.records')}</h1>
      <Filters place={place} path="records" filters={FILTERS} />
      <SavedQuestions place={place} />
      <ListTools key={place.query.toString()} question="pushes" query={place.query} />
      <Pages<RecordItem>
        question="pushes"
        place={place}
        name="records"
        caption={say('nav.records')}
        columns={RECORD_COLUMNS}
        keyOf={({ index }) => index}
        leads={LEADS}
        live={({ index }) => index}
      />
    </main>
  );
}
