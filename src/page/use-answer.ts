/** An answer of the server in the three states that a screen has to show. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import { get, Problem } from './api.ts';

export type Answer<T> =
  | { readonly state: 'loading'; readonly before?: T | undefined }
  | { readonly state: 'failed'; readonly problem: Problem }
  | { readonly state: 'there'; readonly value: T };

/** Asks again when the question changes; what was there before can be shown meanwhile. `path` undefined: nothing is asked. */
export function useAnswer<T>(
  path: string | undefined,
  query?: URLSearchParams,
): Answer<T> & { readonly again: () => void } {
  const [answer, setAnswer] = useState<Answer<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  const text = query?.toString() ?? '';
  useEffect(() => {
    if (path === undefined) return undefined;
    const ending = new AbortController();
    setAnswer((last) => ({ state: 'loading', before: last.state === 'there' ? last.value : undefined }));
    get<T>(path, new URLSearchParams(text), ending.signal).then(
      (value) => setAnswer({ state: 'there', value }),
      (error: unknown) => {
        if (ending.signal.aborted) return;
        setAnswer({
          state: 'failed',
          problem: error instanceof Problem ? error : new Problem(0, 'PAGE', String(error)),
        });
      },
    );
    return () => ending.abort();
  }, [path, text, round]);
  const again = useCallback(() => setRound((last) => last + 1), []);
  return { ...answer, again };
}
