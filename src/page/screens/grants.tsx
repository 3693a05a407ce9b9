/** Push grants: which builds may push, and those that wait for somebody's approval. */
import { useState } from 'preact/hooks';
import { Problem, send } from '../api.ts';
import { Empty, Failed, Shown } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { Time } from '../parts/values.tsx';
import { useAnswer } from '../use-answer.ts';
import { en, type Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';

interface Grant {
  readonly id: string;
  readonly state: string;
  readonly owner: string;
  readonly repositories: readonly string[];
  readonly tags?: readonly string[];
  readonly host?: string;
  readonly addresses: readonly string[];
  readonly job: {
    readonly job?: string;
    readonly number?: number;
    readonly commit?: string;
    readonly operator?: string;
  };
  readonly created: string;
  readonly expires: string;
  readonly approved?: { readonly name: string; readonly comment?: string };
}

export function Grants() {
  const say = useSay();
  const answer = useAnswer<{ readonly items: readonly Grant[] }>('grants');
  return (
    <main id="content">
      <h1>{say('nav.grants')}</h1>
      <Shown answer={answer}>
        {({ items }) => {
          const waiting = items.filter(({ state }) => state === 'pending');
          return items.length === 0 ? (
            <Empty>{say('grants.none')}</Empty>
          ) : (
            <>
              {waiting.map((grant) => (
                <Pending key={grant.id} grant={grant} again={answer.again} />
              ))}
              <Table
                name="grants"
                caption={say('nav.grants')}
                columns={COLUMNS}
                items={items}
                keyOf={({ id }) => id}
              />
            </>
          );
        }}
      </Shown>
    </main>
  );
}

const COLUMNS: readonly Column<Grant>[] = [
  { word: 'column.created', cell: ({ created }) => <Time at={created} /> },
  { word: 'column.state', cell: ({ state }) => <State of={state} /> },
  { word: 'column.repository', cell: ({ repositories }) => repositories.join(', ') },
  { word: 'column.tag', cell: ({ tags }) => tags?.join(', ') },
  { word: 'column.user', cell: ({ owner }) => owner },
  { word: 'column.host', cell: ({ host, addresses }) => host ?? addresses.join(', ') },
  {
    word: 'column.build',
    cell: ({ job }) => [job.job, job.number].filter((one) => one !== undefined).join(' #'),
  },
  { word: 'column.expires', cell: ({ expires }) => <Time at={expires} /> },
  { word: 'column.approvedBy', cell: ({ approved }) => approved?.name },
];

function State({ of }: { readonly of: string }) {
  const say = useSay();
  const word = `grants.state.${of}`;
  return <>{Object.hasOwn(en, word) ? say(word as Word) : of}</>;
}

function Pending({ grant, again }: { readonly grant: Grant; readonly again: () => void }) {
  const say = useSay();
  const [problem, setProblem] = useState<Problem>();
  const { id, owner, repositories, tags, job } = grant;

  async function decide(what: 'approve' | 'close', comment: string): Promise<void> {
    setProblem(undefined);
    try {
      await send('POST', `/api/v1/grants/${encodeURIComponent(id)}/${what}`, { comment });
      again();
    } catch (error) {
      if (error instanceof Problem) setProblem(error);
    }
  }

  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault();
        const values = new FormData(event.currentTarget as HTMLFormElement, event.submitter);
        void decide(values.get('what') === 'close' ? 'close' : 'approve', String(values.get('comment')));
      }}
    >
      <h2>
        {say('grants.waits', {
          user: owner,
          what: `${repositories.join(', ')}${tags ? `: ${tags.join(', ')}` : ''}`,
        })}
      </h2>
      <p>{[job.job, job.number, job.commit, job.operator].filter((one) => one !== undefined).join(' · ')}</p>
      {problem && <Failed problem={problem} />}
      <label>
        {say('grants.comment')}
        <input name="comment" required maxLength={512} />
      </label>{' '}
      <button type="submit" name="what" value="approve">
        {say('grants.approve')}
      </button>{' '}
      <button type="submit" name="what" value="close">
        {say('grants.refuse')}
      </button>
    </form>
  );
}
