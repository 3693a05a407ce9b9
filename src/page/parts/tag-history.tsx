/** Where a tag has pointed, as a line from the newest place down. */
import { useMemo } from 'preact/hooks';
import { hrefOf } from '../location.ts';
import { useAnswer } from '../use-answer.ts';
import { Shown } from './states.tsx';
import { Unshown } from './unshown.tsx';
import { Digest, Time, User } from './values.tsx';

interface TagPlace {
  readonly index: number;
  readonly type: string;
  readonly from: string;
  readonly until?: string;
  readonly digest?: string;
  readonly user?: string;
  readonly host?: string;
  readonly address?: string;
}

export function TagHistory({
  repository,
  tag,
  current,
}: {
  readonly repository: string;
  readonly tag: string;
  readonly current: number;
}) {
  const query = useMemo(() => new URLSearchParams({ repository, tag, limit: '20' }), [repository, tag]);
  const answer = useAnswer<{ readonly items: readonly TagPlace[]; readonly next?: string }>('tag', query);
  return (
    <Shown answer={answer}>
      {({ items, ...page }) => (
        <>
          <ol class="line">
            {items.map(({ index, type, from, digest, user, host, address }) => (
              <li key={index} aria-current={index === current ? 'true' : undefined}>
                <a href={hrefOf(`record/${index}`)}>
                  <Time at={from} />
                </a>{' '}
                {digest ? <Digest value={digest} /> : type} <User name={user} /> {host ?? address}
              </li>
            ))}
          </ol>
          <Unshown of={page} href={hrefOf('records', { repository, tag })} />
        </>
      )}
    </Shown>
  );
}
