/** One record with everything that it holds, and how each fact is known. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { Lineage } from '../parts/lineage.tsx';
import { Proof } from '../parts/proof.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { TagHistory } from '../parts/tag-history.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import type { Evidenced, RecordItem } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { toneOf } from './records.tsx';

interface RecordAnswer {
  readonly items: readonly (RecordItem & {
    /** The text that is in the tree; absent where the reader may not see all of it. */
    readonly leaf?: string;
  })[];
}

export function RecordDetail({ place }: { readonly place: Place }) {
  const say = useSay();
  const index = place.path.split('/')[1] ?? '';
  const query = useMemo(() => new URLSearchParams({ index }), [index]);
  const answer = useAnswer<RecordAnswer>('record', query);
  return (
    <main id="content">
      <h1>{say('record.title', { index })}</h1>
      <Shown answer={answer}>
        {({ items: [found] }) => {
          if (found === undefined) return <Empty />;
          const { leaf, ...record } = found;
          return <Facts record={record} leaf={leaf} />;
        }}
      </Shown>
    </main>
  );
}

function Facts({ record, leaf }: { readonly record: RecordItem; readonly leaf: string | undefined }) {
  const say = useSay();
  const { subject, tag, actor, peer, build, source, policy, labels, meta } = record;
  return (
    <>
      <p>
        <span class={`badge ${toneOf(record.type)}`}>{record.type}</span> <Time at={record.time} />
      </p>
      <div class="cards">
        {subject && (
          <Card title={say('record.what')}>
            <Row name={say('column.repository')}>
              {subject.repo && <a href={hrefOf('records', { repository: subject.repo })}>{subject.repo}</a>}
            </Row>
            <Row name={say('column.tag')}>{tag?.name}</Row>
            <Row name={say('column.digest')}>{subject.digest && <Digest value={subject.digest} />}</Row>
            <Row name={say('record.before')}>{tag?.from && <Digest value={tag.from} />}</Row>
            <Row name={say('nav.image')}>
              {subject.digest && (
                <a href={hrefOf('image', { digest: subject.digest })}>{say('record.image')}</a>
              )}
            </Row>
          </Card>
        )}
        {actor && (
          <Card title={say('record.who')} evidence={actor}>
            <Row name={say('column.user')}>
              <User name={actor.sub} />
            </Row>
            <Row name={say('column.method')}>{actor.method}</Row>
          </Card>
        )}
        {peer && (
          <Card title={say('record.where')}>
            <Row name={say('column.host')}>{peer.host}</Row>
            <Row name={say('column.address')}>{peer.ip}</Row>
            <Row name={say('column.client')}>{peer.ua}</Row>
          </Card>
        )}
        {build && (
          <Card title={say('record.build')} evidence={build}>
            <Row name={say('filter.job')}>{build.job}</Row>
            <Row name={say('column.build')}>{build.number}</Row>
            <Row name={say('filter.commit')}>{source?.commit}</Row>
          </Card>
        )}
        {policy && (
          <Card title={say('record.why')}>
            <Row name={say('column.rule')}>{policy.rules?.join(', ')}</Row>
          </Card>
        )}
        {(labels || meta) && (
          <Card title={say('record.claimed')}>
            {Object.entries({ ...meta, ...labels }).map(([name, value]) => (
              <Row key={name} name={name}>
                {value}
              </Row>
            ))}
          </Card>
        )}
      </div>
      <Lineage record={record} />
      {subject?.repo && tag && (
        <section>
          <h2>{say('record.history')}</h2>
          <TagHistory repository={subject.repo} tag={tag.name} current={record.index} />
        </section>
      )}
      <section>
        <h2>{say('record.proof')}</h2>
        <Proof index={record.index} leaf={leaf} />
      </section>
      <details>
        <summary>{say('record.raw')}</summary>
        <pre tabIndex={0}>{JSON.stringify(record, null, 2)}</pre>
      </details>
    </>
  );
}

function Card({
  title,
  evidence,
  children,
}: {
  readonly title: string;
  readonly evidence?: Evidenced;
  readonly children: ComponentChildren;
}) {
  const say = useSay();
  return (
    <section class="card">
      <h2>
        {title} {evidence?.evidence && <span class="evidence">{say(`evidence.${evidence.evidence}`)}</span>}
      </h2>
      <dl>{children}</dl>
    </section>
  );
}

function Row({ name, children }: { readonly name: string; readonly children?: ComponentChildren }) {
  if (children === undefined || children === null || children === '') return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
