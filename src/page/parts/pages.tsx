/** The answer to a question as a table, page by page. */
import { useState } from 'preact/hooks';
import { get, Problem } from '../api.ts';
import type { Place } from '../location.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { Empty, Failed, Shown } from './states.tsx';
import { Table, type TableProps } from './table.tsx';

interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface PagesProps<T> extends Omit<TableProps<T>, 'items'> {
  /** As the API calls it. */
  readonly question: string;
  /** Its query is the question's. */
  readonly place: Pick<Place, 'query'>;
}

export function Pages<T>(props: PagesProps<T>) {
  const answer = useAnswer<Page<T>>(props.question, props.place.query);
  return (
    <Shown answer={answer}>
      {(page) =>
        page.items.length === 0 ? (
          <Empty />
        ) : (
          <List key={props.place.query.toString()} first={page} {...props} />
        )
      }
    </Shown>
  );
}

/** The first page, and what the reader has asked for behind it. */
function List<T>({ first, question, place, ...table }: PagesProps<T> & { readonly first: Page<T> }) {
  const say = useSay();
  const [pages, setPages] = useState<readonly Page<T>[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const all = [first, ...pages];
  const next = all.at(-1)?.next;

  async function older(): Promise<void> {
    const query = new URLSearchParams(place.query);
    query.set('cursor', next ?? '');
    setBusy(true);
    setProblem(undefined);
    try {
      setPages([...pages, await get<Page<T>>(question, query)]);
    } catch (error) {
      setProblem(error instanceof Problem ? error : new Problem(0, 'PAGE', String(error)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <>
      <Table {...table} items={all.flatMap(({ items }) => items)} />
      {problem && <Failed problem={problem} again={() => void older()} />}
      {next && !problem && (
        <button type="button" disabled={busy} onClick={() => void older()}>
          {say('list.more')}
        </button>
      )}
      {table.hrefOf && <p class="hint">{say('list.keys')}</p>}
    </>
  );
}
