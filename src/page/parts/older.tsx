/** Below a list: the way to its next page, or what went wrong with it. */
import type { Older } from '../use-older.ts';
import type { Word } from '../words/en.ts';
import { useSay } from '../words/words.ts';
import { Failed } from './states.tsx';

export function OlderRows({
  of: { more, busy, problem, older },
  word,
}: {
  readonly of: Pick<Older<unknown>, 'more' | 'busy' | 'problem' | 'older'>;
  readonly word: Word;
}) {
  const say = useSay();
  if (problem) return <Failed problem={problem} again={older} />;
  return more ? (
    <button type="button" disabled={busy} onClick={older}>
      {say(word)}
    </button>
  ) : null;
}
