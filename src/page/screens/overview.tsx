/** What happened, who did most of it, and what needs somebody's eyes. */
import { useMemo } from 'preact/hooks';
import { go, hrefOf, type Place } from '../location.ts';
import { Chart } from '../parts/chart.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Time } from '../parts/values.tsx';
import type { RecordPage } from '../records.ts';
import { useAnswer } from '../use-answer.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';

interface Activity {
  readonly items: readonly {
    readonly time?: string;
    readonly name?: string;
    readonly events: number;
    readonly types?: Readonly<Record<string, number>>;
  }[];
}

interface Refusals {
  readonly items: readonly {
    readonly events: number;
    readonly type: string;
    readonly repository?: string;
    readonly user?: string;
    readonly address?: string;
    readonly rule?: string;
    readonly reason?: string;
    readonly index: number;
  }[];
}

const SPANS = [
  { since: '24h', per: 'hour', length: 24 },
  { since: '7d', per: 'hour', length: 168 },
  { since: '30d', per: 'day', length: 30 },
  { since: '365d', per: 'day', length: 365 },
] as const;
type Span = (typeof SPANS)[number];

const RANKINGS = [
  { by: 'repository', word: 'column.repository' },
  { by: 'user', word: 'column.user' },
  { by: 'host', word: 'column.host' },
] as const;

export function Overview({ place }: { readonly place: Place }) {
  const say = useSay();
  const span = SPANS.find(({ since }) => since === place.query.get('span')) ?? SPANS[1];
  return (
    <main id="content">
      <h1>{say('nav.overview')}</h1>
      <nav aria-label={say('overview.span')} class="spans">
        {SPANS.map(({ since }) => (
          <a
            key={since}
            href={hrefOf('', { span: since })}
            aria-current={since === span.since ? 'true' : undefined}
          >
            {since}
          </a>
        ))}
      </nav>
      <OverTime span={span} />
      <div class="cards">
        {RANKINGS.map(({ by, word }) => (
          <Ranking key={by} by={by} word={word} since={span.since} />
        ))}
        <Attention since={span.since} />
        <Drift />
      </div>
    </main>
  );
}

function OverTime({ span }: { readonly span: Span }) {
  const say = useSay();
  const query = useMemo(
    () => new URLSearchParams({ since: span.since, per: span.per, limit: '1000' }),
    [span],
  );
  const answer = useAnswer<Activity>('activity', query);
  return (
    <section>
      <h2>{say('overview.time')}</h2>
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{say('overview.nothing')}</Empty>
          ) : (
            <Counts items={items} span={span} label={say('overview.time')} />
          )
        }
      </Shown>
      <p class="hint">{say('overview.drag')}</p>
    </section>
  );
}

const HOUR = 3_600_000;
const UNITS = { hour: HOUR, day: 24 * HOUR } as const;

/** The beginnings of all hours or days of a span, by UTC as the answer has them: where nothing happened the count is 0. */
function bucketsOf({ per, length }: Span, now: number): readonly number[] {
  const unit = UNITS[per];
  const last = Math.floor(now / unit);
  return Array.from({ length }, (_, at) => (last - length + 1 + at) * unit);
}

function Counts({
  items,
  span,
  label,
}: {
  readonly items: Activity['items'];
  readonly span: Span;
  readonly label: string;
}) {
  const say = useSay();
  const { times, lines } = useMemo(() => {
    const known = new Map(items.map(({ time = '', types = {} }) => [Date.parse(time), types]));
    const all = bucketsOf(span, Date.now());
    const of = (test: RegExp) =>
      all.map((time) =>
        Object.entries(known.get(time) ?? {}).reduce(
          (sum, [type, events]) => sum + (test.test(type) ? events : 0),
          0,
        ),
      );
    return {
      times: all.map((time) => time / 1000),
      lines: [
        { label: say('overview.pushes'), tone: 'good', values: of(/^push\.accepted$/) },
        { label: say('overview.refusals'), tone: 'bad', values: of(/refused|failed/) },
      ],
    };
  }, [items, say, span]);
  const second = (moment: number): string => new Date(moment).toISOString().replace(/\.\d+/, '');
  return (
    <>
      <Chart
        label={label}
        time={say('column.time')}
        times={times}
        lines={lines}
        // A point stands for the hour or day that begins there.
        onPart={(from, until) =>
          go(hrefOf('records', { since: second(from), until: second(until + UNITS[span.per]) }))
        }
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
              {times.map((time, at) => (
                <tr key={time}>
                  <td>
                    <Time at={new Date(time * 1000).toISOString()} />
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

function Ranking({ by, word, since }: { readonly by: string; readonly word: Word; readonly since: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ by, since, limit: '8' }), [by, since]);
  const answer = useAnswer<Activity>('activity', query);
  return (
    <section class="card">
      <h2>{say('overview.most', { what: say(word) })}</h2>
      <Shown answer={answer}>
        {({ items }) => (
          <ol class="ranking">
            {items.map(({ name = '', events }) => (
              <li key={name}>
                <a href={hrefOf('records', { [by]: name, since })}>{name || say('anonymous')}</a>{' '}
                <span>{events}</span>
              </li>
            ))}
          </ol>
        )}
      </Shown>
    </section>
  );
}

function Attention({ since }: { readonly since: string }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ since, limit: '8' }), [since]);
  const answer = useAnswer<Refusals>('refusals', query);
  return (
    <section class="card">
      <h2>{say('overview.refused')}</h2>
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <p>{say('overview.none')}</p>
          ) : (
            <ol class="ranking">
              {items.map(({ events, repository, user, address, rule, reason, index }) => (
                <li key={index}>
                  <a href={hrefOf(`record/${index}`)}>
                    {[user, address, repository].filter(Boolean).join(' · ') || reason}
                  </a>{' '}
                  <span title={rule ?? reason}>{events}</span>
                </li>
              ))}
            </ol>
          )
        }
      </Shown>
    </section>
  );
}

/** Images that came round Warden, and records whose image is gone. */
function Drift() {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams({ limit: '8' }), []);
  const answer = useAnswer<RecordPage>('drift', query);
  return (
    <section class="card">
      <h2>{say('overview.drift')}</h2>
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <p>{say('overview.none')}</p>
          ) : (
            <ol class="ranking">
              {items.map(({ index, type, time, subject, tag }) => (
                <li key={index}>
                  <a href={hrefOf(`record/${index}`)}>
                    {type} {subject?.repo}
                    {tag && `:${tag.name}`}
                  </a>{' '}
                  <Time at={time} />
                </li>
              ))}
            </ol>
          )
        }
      </Shown>
    </section>
  );
}
