/** Everything about one image: who pushed it, under which names, on which base, what was built on it, what refers to it. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { HowKnown } from '../parts/facts.tsx';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Pages } from '../parts/pages.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import type { Column } from '../parts/table.tsx';
import { Unshown } from '../parts/unshown.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import { asOf, Pulled } from '../record/later.tsx';
import { buildName, type RecordItem } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { LEADS, RECORD_COLUMNS } from './record-columns.tsx';

type Appearance = RecordItem & { readonly as: string };
type Built = RecordItem & { readonly distance: number; readonly evidence: 'observed' | 'claimed' };

const FILTERS: readonly Filter[] = [
  { name: 'digest', word: 'filter.digest', example: 'sha256:…' },
  { name: 'repository', word: 'filter.repository' },
  { name: 'tag', word: 'filter.tag' },
  { name: 'at', word: 'filter.at', example: '2026-11-23T10:00:00Z' },
];
const APPEARANCES: readonly Column<Appearance>[] = [
  { word: 'column.as', cell: ({ as }) => <As role={as} /> },
  ...RECORD_COLUMNS,
];
const BUILT: readonly Column<Built>[] = [
  { word: 'column.distance', cell: ({ distance }) => distance },
  { word: 'column.evidence', cell: (built) => <HowKnown of={built} /> },
  ...RECORD_COLUMNS,
];

function As({ role }: { readonly role: string }) {
  const say = useSay();
  return <>{say(`as.${asOf(role)}`)}</>;
}

/** Of what container engines show, `registry/repository@sha256:…` too, the digest. */
export function digestIn(text: string): string {
  return text.trim().replace(/^.*@/, '');
}

export function Image({ place }: { readonly place: Place }) {
  const say = useSay();
  const digest = digestIn(place.query.get('digest') ?? '');
  const [repository, tag] = [place.query.get('repository'), place.query.get('tag')];
  return (
    <main id="content">
      <h1>{say('image.title')}</h1>
      <Filters place={place} path="image" filters={FILTERS} />
      {digest !== '' ? (
        <About key={digest} digest={digest} />
      ) : repository && tag ? (
        <UnderTag repository={repository} tag={tag} at={place.query.get('at') ?? ''} />
      ) : (
        <p class="hint">{say('image.hint')}</p>
      )}
    </main>
  );
}

function About({ digest }: { readonly digest: string }) {
  const say = useSay();
  const about = useMemo(() => ({ query: new URLSearchParams({ digest }) }), [digest]);
  const on = useMemo(() => ({ query: new URLSearchParams({ base: digest }) }), [digest]);
  return (
    <>
      <p>
        <code>{digest}</code>
      </p>
      <First digest={digest} />
      <h2>{say('image.records')}</h2>
      <Pages<Appearance>
        question="image"
        place={about}
        name="appearances"
        caption={say('image.records')}
        columns={APPEARANCES}
        keyOf={({ index, as }) => `${index} ${as}`}
        leads={LEADS}
      />
      <h2>{say('image.builtOn')}</h2>
      <Pages<Built>
        question="built-on"
        place={on}
        name="built"
        caption={say('image.builtOn')}
        columns={BUILT}
        keyOf={({ index }) => index}
        leads={LEADS}
        none={say('image.noneBuiltOn')}
      />
      <section>
        <h2>{say('image.pulls')}</h2>
        <Pulled digest={digest} />
      </section>
    </>
  );
}

/** The answer to who pushed what runs there. */
function First({ digest }: { readonly digest: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ digest, limit: '1' }), [digest]);
  const answer = useAnswer<{ readonly first?: RecordItem }>('image', query);
  return (
    <Shown answer={answer} quiet>
      {({ first }) =>
        first && (
          <p class="first">
            {say('image.first')} <a href={hrefOf(`record/${first.index}`)}>{first.subject?.repo}</a>{' '}
            <Time at={first.time} /> <User name={first.actor?.sub} /> {first.peer?.host ?? first.peer?.ip}{' '}
            {buildName(first.build)}
          </p>
        )
      }
    </Shown>
  );
}

interface TagPlace {
  readonly index: number;
  readonly from: string;
  readonly digest?: string;
}

/** What a tag pointed to, now or then. */
function UnderTag({
  repository,
  tag,
  at,
}: {
  readonly repository: string;
  readonly tag: string;
  readonly at: string;
}) {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ repository, tag, ...(at === '' ? {} : { at }) }),
    [repository, tag, at],
  );
  const answer = useAnswer<{ readonly items: readonly TagPlace[]; readonly next?: string }>('tag', query);
  return (
    <Shown answer={answer}>
      {({ items, ...page }) =>
        items.length === 0 ? (
          <Empty />
        ) : (
          <>
            <ol class="line">
              {items.map(({ index, from, digest }) => (
                <li key={index}>
                  <a href={hrefOf(`record/${index}`)}>
                    <Time at={from} />
                  </a>{' '}
                  {digest && (
                    <>
                      <Digest value={digest} />{' '}
                      <a href={hrefOf('image', { digest })}>{say('record.image')}</a>
                    </>
                  )}
                </li>
              ))}
            </ol>
            <Unshown of={page} href={hrefOf('records', { repository, tag })} />
          </>
        )
      }
    </Shown>
  );
}
