/** The list of records, with every filter of the API in the address bar. */
import { useState } from 'preact/hooks';
import { get, Problem } from '../api.ts';
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { SavedQuestions } from '../parts/saved-questions.tsx';
import { Empty, Failed, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import type { RecordItem, RecordPage } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
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

const COLUMNS: readonly Column<RecordItem>[] = [
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
  const answer = useAnswer<RecordPage>('pushes', place.query);
  return (
    <main id="content">
      <h1>{say('nav.records')}</h1>
      <Filters place={place} path="" filters={FILTERS} />
      <SavedQuestions place={place} />
      <Shown answer={answer}>
        {(page) =>
          page.items.length === 0 ? (
            <Empty />
          ) : (
            <List key={place.query.toString()} page={page} place={place} />
          )
        }
      </Shown>
    </main>
  );
}

/** The first page and what the reader has asked for behind it. */
function List({ page, place }: { readonly page: RecordPage; readonly place: Place }) {
  const say = useSay();
  const [pages, setPages] = useState<readonly RecordPage[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const all = [page, ...pages];
  const next = all.at(-1)?.next;

  async function older(): Promise<void> {
    const query = new URLSearchParams(place.query);
    query.set('cursor', next ?? '');
    setBusy(true);
    setProblem(undefined);
    try {
      setPages([...pages, await get<RecordPage>('pushes', query)]);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, 'PAGE', String(error)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Table
        name="records"
        caption={say('nav.records')}
        columns={COLUMNS}
        items={all.flatMap(({ items }) => items)}
        keyOf={({ index }) => index}
        hrefOf={({ index }) => hrefOf(`record/${index}`)}
      />
      {problem && <Failed problem={problem} again={() => void older()} />}
      {next && !problem && (
        <button type="button" disabled={busy} onClick={() => void older()}>
          {say('list.more')}
        </button>
      )}
      <p class="hint">{say('list.keys')}</p>
    </>
  );
}
