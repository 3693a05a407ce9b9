/** The policies that were in force, newest first, and what changed between two. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { OlderRows } from '../parts/older.tsx';
import { Empty, MoreRows, Shown } from '../parts/states.tsx';
import { Digest, Time } from '../parts/values.tsx';
import type { RecordItem, RecordPage } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useOlder } from '../use-older.ts';
import { useSay } from '../words/words.ts';
import { Conditions, isObject, textOf } from './conditions.tsx';

export function Versions({ place }: { readonly place: Place }) {
  const query = useMemo(() => new URLSearchParams({ type: 'policy.changed', limit: '20' }), []);
  const answer = useAnswer<RecordPage>('pushes', query);
  const [older, newer] = [place.query.get('old'), place.query.get('new')];
  return (
    <>
      <Shown answer={answer}>{(first) => <List key={first.watermark} first={first} query={query} />}</Shown>
      {older && newer && <Difference older={older} newer={newer} />}
    </>
  );
}

function List({ first, query }: { readonly first: RecordPage; readonly query: URLSearchParams }) {
  const say = useSay();
  const pages = useOlder<RecordItem>('pushes', query, first);
  const { items, more } = pages;
  if (items.length === 0 && !more) return <Empty />;
  return (
    <>
      <ol class="versions">
        {items.map(({ index, time, policy }, at) => {
          const before = items[at + 1]?.policy?.digest;
          return (
            <li key={index}>
              <Time at={time} /> {policy?.digest && <Digest value={policy.digest} />}{' '}
              {before && policy?.digest && (
                <a href={hrefOf('policy/versions', { old: before, new: policy.digest })}>
                  {say('policy.difference')}
                </a>
              )}
            </li>
          );
        })}
      </ol>
      <OlderRows of={pages} word="policy.older" />
    </>
  );
}

interface Diff {
  readonly removed: readonly unknown[];
  readonly added: readonly unknown[];
  readonly removedMore?: number;
  readonly addedMore?: number;
}

function Difference({ older, newer }: { readonly older: string; readonly newer: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ old: older, new: newer }), [older, newer]);
  const answer = useAnswer<Diff>('policy/diff', query);
  return (
    <section>
      <h2>{say('policy.difference')}</h2>
      <Shown answer={answer}>
        {({ removed, added, removedMore = 0, addedMore = 0 }) => (
          <>
            {removed.length + added.length === 0 && <Empty>{say('policy.same')}</Empty>}
            {[...removed.map((one) => ['-', one] as const), ...added.map((one) => ['+', one] as const)].map(
              ([sign, one]) => (
                <div key={`${sign}${JSON.stringify(one)}`} class={`card ${sign === '+' ? 'good' : 'bad'}`}>
                  <strong>{say(sign === '+' ? 'policy.added' : 'policy.removed')}</strong>
                  {isObject(one) ? <Conditions of={one} /> : textOf(one)}
                </div>
              ),
            )}
            <MoreRows count={removedMore + addedMore} />
          </>
        )}
      </Shown>
    </section>
  );
}
