/** The layers of an image, lowest first, each with the push that brought it here; and the platforms of an index. */
import { useMemo } from 'preact/hooks';
import { hrefOf } from '../location.ts';
import { Shown } from '../parts/states.tsx';
import { Digest, Time, User } from '../parts/values.tsx';
import type { RecordItem } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

interface Layer {
  readonly digest: string;
  readonly first?: {
    readonly index: number;
    readonly repository: string;
    readonly time: string;
    readonly user?: string;
  };
}

export function Layers({ index }: { readonly index: number }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ index: String(index) }), [index]);
  const answer = useAnswer<{ readonly items: readonly Layer[] }>('layers', query);
  return (
    <Shown answer={answer}>
      {({ items }) => (
        <ol class="layers">
          {items.map(({ digest, first }, at) => (
            // An image may have the same layer twice.
            <li key={`${at} ${digest}`}>
              <Digest value={digest} />{' '}
              {first && first.index !== index ? (
                <>
                  {say('layers.since')} <Time at={first.time} />{' '}
                  <a href={hrefOf(`record/${first.index}`)}>{first.repository}</a> <User name={first.user} />
                </>
              ) : (
                say('layers.new')
              )}{' '}
              <a href={hrefOf('records', { layer: digest })}>{say('layers.images')}</a>
            </li>
          ))}
        </ol>
      )}
    </Shown>
  );
}

export function Platforms({
  of,
}: {
  readonly of: NonNullable<NonNullable<RecordItem['subject']>['children']>;
}) {
  const say = useSay();
  return (
    <ul>
      {of.map(({ digest, platform }) => (
        <li key={digest}>
          {platform ?? say('platform.unknown')} <Digest value={digest} />{' '}
          <a href={hrefOf('image', { digest })}>{say('record.image')}</a>
        </li>
      ))}
    </ul>
  );
}
