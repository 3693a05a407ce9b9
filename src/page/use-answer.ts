/** An answer of the server in the three states that a screen has to show. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, Problem } from './api.ts';

export type Answer<T> =
  | { readonly state: 'loading'; readonly before?: T | undefined }
  | { readonly state: 'failed'; readonly problem: Problem }
  | { readonly state: 'there'; readonly value: T };

/** With what asks the same once more. */
export type Asked<T> = Answer<T> & { readonly again: () => void };

/**
 * Asks again when `key` changes; what was there before can be shown meanwhile.
 *
 * @param key says what `ask` asks for; undefined: nothing is asked.
 */
export function useAsked<T>(key: string | undefined, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ state: 'loading' });
  const [round, setRound] = useState(0);
  const asking = useRef(ask);
  asking.current = ask;
  useEffect(() => {
    if (key === undefined) return undefined;
    const ending = new AbortController();
    setAnswer((last) => ({ state: 'loading', before: last.state === 'there' ? last.value : undefined }));
    asking.current(ending.signal).then(
      (value) => {
        if (!ending.signal.aborted) setAnswer({ state: 'there', value });
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setAnswer({ state: 'failed', problem: problemOf(error) });
      },
    );
    return () => ending.abort();
  }, [key, round]);
  const again = useCallback(() => setRound((last) => last + 1), []);
  return { ...answer, again };
}

/** The answer to a question of the API. `path` undefined: nothing is asked. */
export function useAnswer<T>(path: string | undefined, query?: URLSearchParams): Asked<T> {
  const text = query?.toString() ?? '';
  return useAsked(path === undefined ? undefined : `${path}?${text}`, (signal) =>
    get<T>(path ?? '', new URLSearchParams(text), signal),
  );
}

/** What is thrown while one asks, as what a screen can show. */
export function problemOf(error: unknown): Problem {
  return error instanceof Problem ? error : new Problem(0, 'PAGE', String(error));
}
