/** What one does with a whole list: count it, or take it along as a file. */
import { useState } from 'preact/hooks';
import { get, getFile, type Problem } from '../api.ts';
import { save } from '../save.ts';
import { problemOf } from '../use-answer.ts';
import { useSay } from '../words/words.ts';
import { Failed } from './states.tsx';

interface Counted {
  readonly total: number;
  readonly complete: boolean;
}

/** @param query of the list. Another one is another component: give it as the key too. */
export function ListTools({
  question,
  query,
}: {
  readonly question: string;
  readonly query: URLSearchParams;
}) {
  const say = useSay();
  const [counted, setCounted] = useState<Counted>();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();

  async function during(work: () => Promise<void>): Promise<void> {
    setBusy(true);
    setProblem(undefined);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }
  async function count(): Promise<void> {
    setCounted(await get<Counted>('count', query));
  }
  async function take(format: 'csv' | 'ndjson'): Promise<void> {
    const asked = new URLSearchParams(query);
    asked.set('format', format);
    save(`${question}.${format}`, await getFile(question, asked));
  }

  return (
    <>
      <div class="tools">
        <button type="button" disabled={busy} onClick={() => void during(count)}>
          {say('list.count')}
        </button>
        <span role="status">
          {counted &&
            say(counted.complete ? 'list.counted' : 'list.countedAtLeast', { count: counted.total })}
        </span>
        <span>{say('list.export')}</span>
        <button type="button" disabled={busy} onClick={() => void during(() => take('csv'))}>
          {say('export.csv')}
        </button>
        <button type="button" disabled={busy} onClick={() => void during(() => take('ndjson'))}>
          {say('export.json')}
        </button>
        <span class="hint">{say('export.hint')}</span>
      </div>
      {problem && <Failed problem={problem} />}
    </>
  );
}
