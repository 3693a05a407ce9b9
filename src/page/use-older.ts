/** The pages of an answer behind its first, as the reader asks for them. */
import { useState } from 'preact/hooks';
import { get, type Problem } from './api.ts';
import { problemOf } from './use-answer.ts';

export interface PageOf<T> {
  readonly items: readonly T[];
  readonly next?: string;
  /** There is more that neither these rows nor those of `next` tell. */
  readonly more?: true;
  readonly watermark?: number;
}

export interface Older<T> {
  /** Of all pages that were asked for. */
  readonly items: readonly T[];
  /** Whether there is another page. */
  readonly more: boolean;
  /** Whether a page said that its rows are not all, though there is no other. */
  readonly lacking: boolean;
  readonly busy: boolean;
  readonly problem: Problem | undefined;
  /** Asks for the next page. */
  readonly older: () => void;
}

/** @param first of another question, or another moment, the pages behind it are others: give the component another key. */
export function useOlder<T>(question: string, asked: URLSearchParams, first: PageOf<T>): Older<T> {
  const [pages, setPages] = useState<readonly PageOf<T>[]>([]);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const all = [first, ...pages];
  const next = all.at(-1)?.next;

  async function older(): Promise<void> {
    const query = new URLSearchParams(asked);
    query.set('cursor', next ?? '');
    setBusy(true);
    setProblem(undefined);
    try {
      setPages([...pages, await get<PageOf<T>>(question, query)]);
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setBusy(false);
    }
  }

  return {
    items: all.flatMap(({ items }) => items),
    more: next !== undefined,
    lacking: next === undefined && all.some(({ more }) => more === true),
    ...{ busy, problem, older: () => void older() },
  };
}
