/** What two pushes differ in, by their records: the facts beside each other, and the layers and labels that came or went. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { Empty, Shown } from '../parts/states.tsx';
import { Digest } from '../parts/values.tsx';
import { bestBase, buildName, type RecordItem, type RecordPage } from '../records.ts';
import { type Asked, useAnswer } from '../use-answer.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';

/** `compare/<older>/<newer>`: indexes of records. */
export function Compare({ place }: { readonly place: Place }) {
  const say = useSay();
  const [, older = '', newer = ''] = place.path.split('/');
  const before = useRecord(older);
  const after = useRecord(newer);
  return (
    <main id="content">
      <h1>{say('compare.title')}</h1>
      <Shown answer={before}>
        {({ items: [one] }) => (
          <Shown answer={after}>
            {({ items: [other] }) => (one && other ? <Compared one={one} other={other} /> : <Empty />)}
          </Shown>
        )}
      </Shown>
    </main>
  );
}

function useRecord(index: string): Asked<RecordPage> {
  const query = useMemo(() => new URLSearchParams({ index }), [index]);
  return useAnswer<RecordPage>('record', query);
}

const FACTS: readonly (readonly [Word, (record: RecordItem) => string | number | undefined])[] = [
  ['column.time', ({ time }) => time],
  ['column.repository', ({ subject }) => subject?.repo],
  ['column.tag', ({ tag }) => tag?.name],
  ['column.digest', ({ subject }) => subject?.digest],
  ['record.config', ({ subject }) => subject?.config],
  ['record.mediaType', ({ subject }) => subject?.mediaType],
  ['record.size', ({ subject }) => subject?.layerBytes],
  [
    'record.platform',
    ({ subject, image }) => image?.platform ?? subject?.children?.map(({ platform }) => platform).join(', '),
  ],
  ['record.created', ({ image }) => image?.created],
  ['column.base', (record) => bestBase(record)?.name ?? bestBase(record)?.digest],
  ['column.user', ({ actor }) => actor?.sub],
  ['column.host', ({ peer }) => peer?.host ?? peer?.ip],
  ['column.build', ({ build }) => buildName(build)],
  ['column.commit', ({ source }) => source?.commit],
  ['column.rule', ({ policy }) => policy?.rules?.join(', ')],
];

function Compared({ one, other }: { readonly one: RecordItem; readonly other: RecordItem }) {
  const say = useSay();
  const rows = [
    ...FACTS.map(([word, of]) => [say(word), of(one), of(other)] as const),
    ...[...new Set([...Object.keys(one.labels ?? {}), ...Object.keys(other.labels ?? {})])].map(
      (name) => [name, one.labels?.[name], other.labels?.[name]] as const,
    ),
  ].filter(([, a, b]) => (a ?? '') !== '' || (b ?? '') !== '');
  const [before, after] = [one.subject?.layerDigests, other.subject?.layerDigests];
  return (
    <>
      <div class="scroll" tabIndex={0} role="region" aria-label={say('compare.title')}>
        <table class="compared">
          <thead>
            <tr>
              <th scope="col">{say('compare.fact')}</th>
              {[one, other].map(({ index }) => (
                <th key={index} scope="col">
                  <a href={hrefOf(`record/${index}`)}>{say('record.title', { index })}</a>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, a, b], at) => (
              // A label can be called as a fact is.
              <tr key={at} class={a === b ? '' : 'differs'}>
                <th scope="row">
                  {name} {a !== b && <span class="evidence">{say('compare.differs')}</span>}
                </th>
                <td>{a}</td>
                <td>{b}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {before && after && <LayersOf before={before} after={after} />}
    </>
  );
}

function LayersOf({
  before,
  after,
}: {
  readonly before: readonly string[];
  readonly after: readonly string[];
}) {
  const say = useSay();
  const parts = [
    ['compare.gone', before.filter((digest) => !after.includes(digest))],
    ['compare.came', after.filter((digest) => !before.includes(digest))],
    ['compare.stayed', after.filter((digest) => before.includes(digest))],
  ] as const;
  return (
    <section>
      <h2>{say('record.layers')}</h2>
      {parts.map(([word, digests]) => (
        <div key={word}>
          <h3>
            {say(word)} ({digests.length})
          </h3>
          <ol class="layers">
            {digests.map((digest, at) => (
              // An image may have the same layer twice.
              <li key={`${at} ${digest}`}>
                <Digest value={digest} />{' '}
                <a href={hrefOf('records', { layer: digest })}>{say('layers.images')}</a>
              </li>
            ))}
          </ol>
        </div>
      ))}
    </section>
  );
}
