/** Sessions, which their owners can end, and robots. Secrets are never shown: robots are made on the command line. */
import { useMemo, useState } from 'preact/hooks';
import { Problem, send } from '../api.ts';
import type { Place } from '../location.ts';
import { Empty, Failed, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Time } from '../parts/values.tsx';
import { useAnswer } from '../use-answer.ts';
import { useSay } from '../words/words.ts';

interface SessionItem {
  readonly id: string;
  readonly subject: string;
  readonly service: string;
  readonly clientId: string;
  readonly startAddress: string;
  readonly useAddress: string;
  readonly started: string;
  readonly used: string;
}

interface RobotItem {
  readonly name: string;
  readonly description?: string;
  readonly groups: readonly string[];
  readonly repositories: readonly string[];
  readonly actions: readonly string[];
  readonly createdBy: string;
  readonly expires: string;
  readonly lastUsed?: { readonly time: string; readonly address: string };
}

interface Items<T> {
  readonly items: readonly T[];
}

const ROBOTS: readonly Column<RobotItem>[] = [
  { word: 'column.name', cell: ({ name }) => name },
  { word: 'column.description', cell: ({ description }) => description },
  { word: 'column.repository', cell: ({ repositories }) => repositories.join(', ') },
  { word: 'column.actions', cell: ({ actions }) => actions.join(', ') },
  { word: 'column.expires', cell: ({ expires }) => <Time at={expires} /> },
  { word: 'column.used', cell: ({ lastUsed }) => lastUsed && <Time at={lastUsed.time} /> },
  { word: 'column.address', cell: ({ lastUsed }) => lastUsed?.address },
  { word: 'column.madeBy', cell: ({ createdBy }) => createdBy },
];

export function Access({ place }: { readonly place: Place }) {
  const say = useSay();
  return (
    <main id="content">
      <h1>{say('nav.access')}</h1>
      <Sessions all={place.query.get('all') === 'true'} />
      <Robots />
    </main>
  );
}

function Sessions({ all }: { readonly all: boolean }) {
  const say = useSay();
  const query = useMemo(() => new URLSearchParams(all ? { all: 'true' } : {}), [all]);
  const answer = useAnswer<Items<SessionItem>>('sessions', query);
  const [problem, setProblem] = useState<Problem>();

  async function end(id: string): Promise<void> {
    setProblem(undefined);
    try {
      await send('DELETE', `/api/v1/sessions/${encodeURIComponent(id)}`);
      answer.again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  }

  const columns: readonly Column<SessionItem>[] = [
    { word: 'column.user', cell: ({ subject }) => subject },
    { word: 'column.client', cell: ({ clientId }) => clientId },
    { word: 'column.started', cell: ({ started }) => <Time at={started} /> },
    { word: 'column.used', cell: ({ used }) => <Time at={used} /> },
    { word: 'column.address', cell: ({ useAddress }) => useAddress },
    {
      word: 'column.end',
      cell: ({ id, subject }) => (
        <button type="button" onClick={() => void end(id)}>
          {say('access.end')}
          <span class="hidden"> {subject}</span>
        </button>
      ),
    },
  ];

  return (
    <section>
      <h2>{say('access.sessions')}</h2>
      <p>
        <a href={all ? '/ui/access' : '/ui/access?all=true'}>{say(all ? 'access.own' : 'access.all')}</a>
      </p>
      {problem && <Failed problem={problem} />}
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{say('access.noSessions')}</Empty>
          ) : (
            <Table
              name="sessions"
              caption={say('access.sessions')}
              columns={columns}
              items={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Shown>
    </section>
  );
}

function Robots() {
  const say = useSay();
  const answer = useAnswer<Items<RobotItem>>('robots');
  return (
    <section>
      <h2>{say('access.robots')}</h2>
      <Shown answer={answer}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{say('access.noRobots')}</Empty>
          ) : (
            <Table
              name="robots"
              caption={say('access.robots')}
              columns={ROBOTS}
              items={items}
              keyOf={({ name }) => name}
            />
          )
        }
      </Shown>
    </section>
  );
}
