/**
 * Says quietly that there are new rows. They are shown when the reader wants them: nothing moves under the eyes of who reads.
 * It can be paused.
 */
import { useEffect, useState } from 'preact/hooks';
import { get } from '../api.ts';
import { onNewRecords } from '../live.ts';
import type { RecordPage } from '../records.ts';
import { useKept } from '../use-kept.ts';
import { useSay } from '../words/words.ts';

/** Milliseconds between two looks: records come in bursts. */
const LOOK_MS = 2_000;
/** More are said to be more. */
const COUNTED = 50;

export function NewRecords({
  question,
  query,
  from,
  onShow,
}: {
  readonly question: string;
  readonly query: URLSearchParams;
  /** The index of the newest record that is shown. */
  readonly from: number;
  readonly onShow: () => void;
}) {
  const say = useSay();
  const [paused, setPaused] = useKept('live.paused', false);
  const [count, setCount] = useState(0);
  const text = query.toString();

  useEffect(() => {
    setCount(0);
    if (paused) return undefined;
    const ending = new AbortController();
    let looking: ReturnType<typeof setTimeout> | undefined;
    async function look(): Promise<void> {
      const asked = new URLSearchParams(text);
      asked.set('limit', String(COUNTED));
      try {
        const { items } = await get<RecordPage>(question, asked, ending.signal);
        if (!ending.signal.aborted) setCount(items.filter(({ index }) => index > from).length);
      } catch {
        // The list itself says what is wrong as soon as somebody asks it.
      }
      looking = undefined;
    }
    const end = onNewRecords(() => {
      looking ??= setTimeout(() => void look(), LOOK_MS);
    });
    return () => {
      end();
      clearTimeout(looking);
      ending.abort();
    };
  }, [paused, question, text, from]);

  return (
    <>
      <p>
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>
          {say(paused ? 'live.resume' : 'live.pause')}
        </button>
      </p>
      {/* It is there before it says something: only then is it read out. */}
      <div class={`live ${count > 0 ? 'new' : ''}`}>
        <span role="status">
          {count > 0 && say('live.new', { count: count === COUNTED ? `${COUNTED}+` : count })}
        </span>
        {count > 0 && (
          <button type="button" onClick={onShow}>
            {say('live.show')}
          </button>
        )}
      </div>
    </>
  );
}
