/** The answer to a question as a table, page by page. */
import type { Place } from '../location.ts';
import { useAnswer } from '../use-answer.ts';
import { type PageOf, useOlder } from '../use-older.ts';
import { useSay } from '../words/words.ts';
import { NewRecords } from './new-records.tsx';
import { OlderRows } from './older.tsx';
import { Empty, Shown } from './states.tsx';
import { Table, type TableProps } from './table.tsx';

export interface PagesProps<T> extends Omit<TableProps<T>, 'items'> {
  /** As the API calls it. */
  readonly question: string;
  /** Its query is the question's. */
  readonly place: Pick<Place, 'query'>;
  /** Says when there are new rows, which begin with what this gives: the index of the record. */
  readonly live?: (item: T) => number;
  /** Said where there is none; otherwise that no record fits. */
  readonly none?: string;
}

export function Pages<T>(props: PagesProps<T>) {
  const { question, place, live, none } = props;
  const answer = useAnswer<PageOf<T>>(question, place.query);
  const page = answer.state === 'there' ? answer.value : undefined;
  return (
    <>
      <Shown answer={answer}>
        {(found) =>
          found.items.length === 0 && found.next === undefined ? (
            <Empty>{none}</Empty>
          ) : (
            // Of another question, or another moment, the pages behind the first are others too.
            <List key={`${place.query} ${found.watermark}`} first={found} {...props} />
          )
        }
      </Shown>
      {live && page && (
        <NewRecords
          question={question}
          query={place.query}
          // Where the list is empty: whatever comes after it was asked for.
          from={page.items[0] === undefined ? (page.watermark ?? 0) - 1 : live(page.items[0])}
          onShow={answer.again}
        />
      )}
    </>
  );
}

/** The first page, and what the reader has asked for behind it. */
function List<T>({
  first,
  question,
  place,
  live: _live,
  none: _none,
  ...table
}: PagesProps<T> & { readonly first: PageOf<T> }) {
  const say = useSay();
  const pages = useOlder<T>(question, place.query, first);
  const { items, lacking } = pages;
  return (
    <>
      {items.length === 0 ? <p role="status">{say('list.soFar')}</p> : <Table {...table} items={items} />}
      <OlderRows of={pages} word="list.more" />
      {lacking && <p class="hint">{say('list.notAll')}</p>}
      {table.leads && <p class="hint">{say('list.keys')}</p>}
    </>
  );
}
