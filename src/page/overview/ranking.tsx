/** Who pushed or pulled most, what, and from where. */
import { useMemo } from 'preact/hooks';
import { hrefOf } from '../location.ts';
import { Shown } from '../parts/states.tsx';
import { useAnswer } from '../use-answer.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';
import { beginning, type Span } from './span.ts';

interface Ranked {
  readonly items: readonly {
    readonly name: string;
    readonly events?: number;
    readonly pulls?: number;
  }[];
  readonly more?: true;
}

export interface RankingProps {
  readonly of: 'pushes' | 'pulls';
  readonly by: 'repository' | 'user' | 'host';
  readonly span: Span;
}

const SHOWN = 8;
const COLUMNS: Readonly<Record<RankingProps['by'], Word>> = {
  repository: 'column.repository',
  user: 'column.user',
  host: 'column.host',
};

export function Ranking({ of, by, span }: RankingProps) {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ by, since: beginning(span, Date.now()), limit: String(SHOWN) }),
    [by, span],
  );
  const answer = useAnswer<Ranked>(of === 'pushes' ? 'activity' : 'pull-activity', query);
  if (answer.state === 'failed' && answer.problem.status === 403) return null;
  return (
    <section class="card">
      <h2>{say(of === 'pushes' ? 'overview.most' : 'overview.mostPulled', { what: say(COLUMNS[by]) })}</h2>
      <Shown answer={answer}>
        {({ items, more }) =>
          items.length === 0 ? (
            <p>{say('overview.none')}</p>
          ) : (
            <>
              <ol class="ranking">
                {items.map(({ name, events, pulls }) => (
                  <li key={name}>
                    <a
                      href={hrefOf(of === 'pushes' ? 'records' : 'hosts', {
                        [by]: name,
                        since: query.get('since') ?? '',
                      })}
                    >
                      {name || say('anonymous')}
                    </a>{' '}
                    <span>{events ?? pulls}</span>
                  </li>
                ))}
              </ol>
              {more && <p class="hint">{say('list.others')}</p>}
            </>
          )
        }
      </Shown>
    </section>
  );
}
