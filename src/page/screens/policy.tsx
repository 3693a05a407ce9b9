/** Who may push where, why one may or may not, and what the policy was before. */
import { useMemo } from 'preact/hooks';
import { hrefOf, type Place } from '../location.ts';
import { type Filter, Filters } from '../parts/filters.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Digest, Time } from '../parts/values.tsx';
import type { RecordPage } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

interface Rights {
  readonly policy: string;
  readonly rows: readonly { readonly rules: readonly string[]; readonly actions: readonly string[] }[];
  readonly more?: number;
}

interface Explanation {
  readonly decision: {
    readonly verdict: string;
    readonly rules: readonly string[];
    readonly message?: string;
  };
  readonly rules: readonly {
    readonly id: string;
    readonly effect: string;
    readonly holds: string;
    readonly why?: string;
    readonly file?: string;
    readonly line?: number;
  }[];
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
        {({ rows, policy }) =>
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
            </>
          )
        }
      </Shown>
    </>
  );
}

/** What a right asks for, name by name, however deep. */
function Conditions({ of }: { readonly of: Readonly<Record<string, unknown>> }) {
  return (
    <dl>
      {Object.entries(of).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{isObject(value) ? <Conditions of={value} /> : textOf(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  if (!Array.isArray(value)) return String(value);
  return value.map((one) => (isObject(one) ? JSON.stringify(one) : String(one))).join(', ');
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
          {({ decision, rules }) => (
            <>
              <p>
                <span class={`badge ${decision.verdict === 'refused' ? 'bad' : 'good'}`}>
                  {decision.verdict}
                </span>{' '}
                {decision.rules.join(', ')} {decision.message}
              </p>
              <ul>
                {rules.map(({ id, effect, holds, why, file, line }) => (
                  <li key={id}>
                    <strong>{id}</strong> ({effect}): {holds} {why}{' '}
                    {file && <span class="hint">{`${file}:${line}`}</span>}
                  </li>
                ))}
              </ul>
            </>
          )}
        </Shown>
      )}
    </>
  );
}

function Versions({ place }: { readonly place: Place }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ type: 'policy.changed' }), []);
  const answer = useAnswer<RecordPage>('pushes', query);
  const [older, newer] = [place.query.get('old'), place.query.get('new')];
  return (
    <>
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty />
          ) : (
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
          )
        }
      </Shown>
      {older && newer && <Difference older={older} newer={newer} />}
    </>
  );
}

function Difference({ older, newer }: { readonly older: string; readonly newer: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ old: older, new: newer }), [older, newer]);
  const answer = useAnswer<{ readonly removed: readonly unknown[]; readonly added: readonly unknown[] }>(
    'policy/diff',
    query,
  );
  return (
    <section>
      <h2>{say('policy.difference')}</h2>
      <Shown answer={answer}>
        {({ removed, added }) => (
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
          </>
        )}
      </Shown>
    </section>
  );
}
