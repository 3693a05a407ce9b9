/** One record with everything that it holds, and how each fact is known. */
import { useMemo } from 'preact/hooks';
import type { Place } from '../location.ts';
import { Happened } from '../parts/happened.tsx';
import { Pages } from '../parts/pages.tsx';
import { Proof } from '../parts/proof.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { TagHistory } from '../parts/tag-history.tsx';
import { Time } from '../parts/values.tsx';
import { Cards } from '../record/cards.tsx';
import { Later, Pulled } from '../record/later.tsx';
import { Layers, Platforms } from '../record/layers.tsx';
import { Lineage } from '../record/lineage.tsx';
import type { RecordItem, RecordWithLeaf } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { LEADS, RECORD_COLUMNS } from './record-columns.tsx';

export function RecordDetail({ place }: { readonly place: Place }) {
  const say = useSay();
  const index = place.path.split('/')[1] ?? '';
  const query = useMemo(() => new URLSearchParams({ index }), [index]);
  const answer = useAnswer<{ readonly items: readonly RecordWithLeaf[] }>('record', query);
  return (
    <main id="content">
      <h1>{say('record.title', { index })}</h1>
      <Shown answer={answer}>
        {({ items: [found] }) => {
          if (found === undefined) return <Empty />;
          const { leaf, ...record } = found;
          // Of another record all parts are others.
          return <Facts key={record.index} record={record} leaf={leaf} />;
        }}
      </Shown>
    </main>
  );
}

function Facts({ record, leaf }: { readonly record: RecordItem; readonly leaf: string | undefined }) {
  const say = useSay();
  const { index, type, time, subject, tag } = record;
  const pushed = type === 'push.accepted' ? subject?.digest : undefined;
  return (
    <>
      <p>
        <Happened record={record} /> <Time at={time} />
      </p>
      <Cards record={record} />
      <Lineage record={record} />
      {subject?.children && (
        <section>
          <h2>{say('record.platforms')}</h2>
          <Platforms of={subject.children} />
        </section>
      )}
      {subject?.layerDigests && (
        <section>
          <h2>{say('record.layers')}</h2>
          <Layers index={index} />
        </section>
      )}
      {subject?.repo && tag && (
        <section>
          <h2>{say('record.history')}</h2>
          <TagHistory repository={subject.repo} tag={tag.name} current={index} />
        </section>
      )}
      {pushed && (
        <>
          <section>
            <h2>{say('record.referrers')}</h2>
            <Referrers digest={pushed} />
          </section>
          <div class="cards">
            <section class="card">
              <h2>{say('record.later')}</h2>
              <Later digest={pushed} index={index} />
            </section>
            <section class="card">
              <h2>{say('image.pulls')}</h2>
              <Pulled digest={pushed} />
            </section>
          </div>
        </>
      )}
      <section>
        <h2>{say('record.proof')}</h2>
        <Proof index={index} leaf={leaf} />
      </section>
      <details>
        <summary>{say('record.raw')}</summary>
        <pre tabIndex={0}>{JSON.stringify(record, null, 2)}</pre>
      </details>
    </>
  );
}

/** Signatures, attestations and lists of contents, each with the push that brought it. */
function Referrers({ digest }: { readonly digest: string }) {
  const say = useSay();
  const place = useMemo(
    () => ({ query: new URLSearchParams({ refers: digest, result: 'accepted' }) }),
    [digest],
  );
  return (
    <Pages<RecordItem>
      question="pushes"
      place={place}
      name="referrers"
      caption={say('record.referrers')}
      columns={[
        {
          word: 'record.artifactType',
          cell: ({ subject }) => subject?.artifactType ?? subject?.mediaType,
        },
        ...RECORD_COLUMNS,
      ]}
      keyOf={({ index }) => index}
      leads={LEADS}
      none={say('record.noReferrers')}
    />
  );
}
