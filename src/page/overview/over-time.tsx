/** Pushes, refusals and pulls over time, as a chart and as numbers. */
import { useMemo } from 'preact/hooks';
import { go, hrefOf } from '../location.ts';
import { Chart } from '../parts/chart.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Time } from '../parts/values.tsx';
import { type Answer, type Asked, useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { beginning, bucketsOf, type Span, second, UNITS } from './span.ts';

interface Activity {
  readonly items: readonly {
    readonly time: string;
    readonly types: Readonly<Record<string, number>>;
  }[];
}
interface Pulls {
  readonly items: readonly { readonly time: string; readonly pulls: number }[];
}

export function OverTime({ span }: { readonly span: Span }) {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ since: beginning(span, Date.now()), per: span.per, limit: '1000' }),
    [span],
  );
  const activity = useAnswer<Activity>('activity', query);
  const pulls = useAnswer<Pulls>('pull-activity', query);
  // Only for those who may see everything: others have no chart, and read why.
  if (activity.state === 'failed' && activity.problem.status === 403)
    return <p class="hint">{say('overview.part')}</p>;
  return (
    <section>
      <h2>{say('overview.time')}</h2>
      <Shown answer={both(activity, pulls)}>
        {([recorded, pulled]) =>
          recorded.items.length + pulled.items.length === 0 ? (
            <Empty>{say('overview.nothing')}</Empty>
          ) : (
            <Counts recorded={recorded} pulled={pulled} span={span} />
          )
        }
      </Shown>
      <p class="hint">{say('overview.drag')}</p>
    </section>
  );
}

/** Two answers as one: there when both are. */
function both<A, B>(one: Asked<A>, other: Asked<B>): Asked<readonly [A, B]> {
  const again = (): void => {
    one.again();
    other.again();
  };
  if (one.state === 'failed') return { ...one, again };
  if (other.state === 'failed') return { ...other, again };
  if (one.state === 'there' && other.state === 'there')
    return { state: 'there', value: [one.value, other.value], again };
  const [a, b] = [lastOf(one), lastOf(other)];
  return { state: 'loading', ...(a && b && { before: [a, b] as const }), again };
}

function lastOf<T>(answer: Answer<T>): T | undefined {
  return answer.state === 'there' ? answer.value : answer.state === 'loading' ? answer.before : undefined;
}

function Counts({
  recorded,
  pulled,
  span,
}: {
  readonly recorded: Activity;
  readonly pulled: Pulls;
  readonly span: Span;
}) {
  const say = useSay();
  const label = say('overview.time');
  const { all, times, lines } = useMemo(() => {
    const all = bucketsOf(span, Date.now());
    const types = new Map(recorded.items.map(({ time, types }) => [Date.parse(time), types]));
    const pulls = new Map(pulled.items.map(({ time, pulls }) => [Date.parse(time), pulls]));
    const of = (test: RegExp) => all.map((time) => sumOf(types.get(time) ?? {}, test));
    return {
      all,
      times: all.map((time) => time / 1000),
      lines: [
        { label: say('overview.pushes'), tone: 'good', values: of(/^push\.accepted$/) },
        { label: say('overview.refusals'), tone: 'bad', dash: [8, 4], values: of(/refused|failed/) },
        {
          label: say('overview.pulls'),
          tone: 'accent',
          dash: [2, 3],
          values: all.map((time) => pulls.get(time) ?? 0),
        },
      ],
    };
  }, [recorded, pulled, say, span]);
  // A point stands for the hour or day that begins there.
  const records = (from: number, until: number): string =>
    hrefOf('records', { since: second(from), until: second(until + UNITS[span.per]) });
  return (
    <>
      <Chart
        label={label}
        time={say('column.time')}
        times={times}
        lines={lines}
        onPart={(from, until) => go(records(from, until))}
      />
      <details>
        <summary>{say('overview.numbers')}</summary>
        <div class="scroll" tabIndex={0} role="region" aria-label={label}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say('column.time')}</th>
                {lines.map((line) => (
                  <th key={line.label} scope="col">
                    {line.label}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {all.map((time, at) => (
                <tr key={time}>
                  <td>
                    {/* What dragging does, for those who do not drag. */}
                    <a href={records(time, time)}>
                      <Time at={new Date(time).toISOString()} />
                    </a>
                  </td>
                  {lines.map((line) => (
                    <td key={line.label}>{line.values[at]}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </>
  );
}

function sumOf(types: Readonly<Record<string, number>>, test: RegExp): number {
  return Object.entries(types).reduce((sum, [type, events]) => sum + (test.test(type) ? events : 0), 0);
}
