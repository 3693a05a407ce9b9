/** Who may push where, why one may or may not, and what the policy was before. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Detail } from '../parts/problem.tsx';
import { Empty, MoreRows, Shown } from '../parts/states.tsx';
import { Digest } from '../parts/values.tsx';
import { Conditions } from '../policy/conditions.tsx';
import { Versions } from '../policy/versions.tsx';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

interface Rights {
  readonly policy: string;
  readonly rows: readonly { readonly rules: readonly string[]; readonly actions: readonly string[] }[];
  readonly more?: number;
}

interface Explanation {
  readonly decision: {
    readonly verdict: 'granted' | 'possible' | 'refused';
    readonly rules: readonly string[];
    readonly message?: string;
  };
  readonly rules: readonly {
    readonly id: string;
    readonly effect: 'allow' | 'deny';
    readonly holds: 'yes' | 'no' | 'unknown';
    readonly why?: string;
    readonly file?: string;
    readonly line?: number;
  }[];
  readonly more?: number;
}

const WHO: readonly Filter[] = [
  { name: 'can', word: 'policy.action' },
  { name: 'repository', word: 'filter.repository' },
  { name: 'from', word: 'policy.from' },
];
const WHY: readonly Filter[] = [
  { name: 'action', word: 'policy.action' },
  { name: 'repository', word: 'filter.repository' },
  { name: 'user', word: 'filter.user' },
  { name: 'group', word: 'policy.group' },
  { name: 'from', word: 'policy.from' },
  { name: 'tag', word: 'filter.tag' },
];

export function Policy({ place }: { readonly place: Place }) {
  const say = useSay();
  const part = place.path.split('/')[1] ?? 'who';
  return (
    <main id="content">
      <h1>{say('nav.policy')}</h1>
      <nav aria-label={say('nav.policy')} class="spans">
        {(['who', 'explain', 'versions'] as const).map((one) => (
          <a key={one} href={hrefOf(`policy/${one}`)} aria-current={one === part ? 'true' : undefined}>
            {say(`policy.${one}`)}
          </a>
        ))}
      </nav>
      {part === 'explain' ? (
        <Explain place={place} />
      ) : part === 'versions' ? (
        <Versions place={place} />
      ) : (
        <Who place={place} />
      )}
    </main>
  );
}

function Who({ place }: { readonly place: Place }) {
  const say = useSay();
  const query = useMemo(() => {
    const asked = new URLSearchParams(place.query);
    if (!asked.has('can')) asked.set('can', 'push');
    return asked;
  }, [place.query]);
  const answer = useAnswer<Rights>('policy/who', query);
  return (
    <>
      <Filters place={{ ...place, query }} path="policy/who" filters={WHO} />
      <Shown answer={answer}>
        {({ rows, policy, more }) =>
          rows.length === 0 ? (
            <Empty>{say('policy.nobody')}</Empty>
          ) : (
            <>
              <p>
                <Digest value={policy} />
              </p>
              <div class="scroll" tabIndex={0} role="region" aria-label={say('policy.who')}>
                <table>
                  <thead>
                    <tr>
                      <th scope="col">{say('column.rule')}</th>
                      <th scope="col">{say('column.actions')}</th>
                      <th scope="col">{say('policy.conditions')}</th>
                    </tr>
                  </thead>
                  <tbody>
                    {rows.map(({ rules, actions, ...conditions }, at) => (
                      // Rows of an answer have no name of their own, and never change place.
                      <tr key={at}>
                        <td>{rules.join(', ')}</td>
                        <td>{actions.join(', ')}</td>
                        <td>
                          <Conditions of={conditions} />
                        </td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              </div>
              <MoreRows count={more} />
            </>
          )
        }
      </Shown>
    </>
  );
}

function Explain({ place }: { readonly place: Place }) {
  const say = useSay();
  const ready = place.query.has('action') && place.query.has('repository');
  const answer = useAnswer<Explanation>(ready ? 'policy/explain' : undefined, place.query);
  return (
    <>
      <Filters place={place} path="policy/explain" filters={WHY} />
      {!ready ? (
        <p class="hint">{say('policy.hint')}</p>
      ) : (
        <Shown answer={answer}>
          {({ decision, rules, more }) => (
            <>
              <p>
                <span class={`badge ${decision.verdict === 'refused' ? 'bad' : 'good'}`}>
                  {say(`verdict.${decision.verdict}`)}
                </span>{' '}
                {decision.rules.join(', ')}
                <Detail text={decision.message} />
              </p>
              <ul>
                {rules.map(({ id, effect, holds, why, file, line }) => (
                  <li key={id}>
                    <strong>{id}</strong> ({say(`effect.${effect}`)}): {say(`holds.${holds}`)}{' '}
                    {file && <span class="hint">{`${file}:${line}`}</span>}
                    <Detail text={why} />
                  </li>
                ))}
              </ul>
              <MoreRows count={more} />
            </>
          )}
        </Shown>
      )}
    </>
  );
}
