/** Where the reader is: the address bar is the state, so that every view is a link. */
import { useEffect, useState } from 'preact/hooks';

/** All addresses of the page begin with it. */
export const BASE = '/ui/';

export interface Place {
  /** Without BASE: `records`, `records/12`; '' for the overview. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const CHANGED = 'warden:place';

function here(): Place {
  const path = decodeURIComponent(location.pathname.slice(BASE.length)).replace(/\/$/, '');
  return { path, query: new URLSearchParams(location.search) };
}

export function hrefOf(
  path: string,
  query?: URLSearchParams | Readonly<Record<string, string | undefined>>,
): string {
  const parameters = new URLSearchParams();
  const pairs = query instanceof URLSearchParams ? query.entries() : Object.entries(query ?? {});
  for (const [name, value] of pairs) if (value !== undefined && value !== '') parameters.append(name, value);
  const text = parameters.toString();
  return `${BASE}${path}${text === '' ? '' : `?${text}`}`;
}

/** @param replace for what is typed: each letter would be a step back otherwise. */
export function go(href: string, replace = false): void {
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  dispatchEvent(new Event(CHANGED));
  if (!replace) scrollTo(0, 0);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const look = (): void => setPlace(here());
    addEventListener('popstate', look);
    addEventListener(CHANGED, look);
    return () => {
      removeEventListener('popstate', look);
      removeEventListener(CHANGED, look);
    };
  }, []);
  return place;
}

/** Links of the page stay in it; with a modifier, or to elsewhere, the browser does what it always does. */
export function followLinks(event: MouseEvent): void {
  if (
    event.defaultPrevented ||
    event.button !== 0 ||
    event.metaKey ||
    event.ctrlKey ||
    event.shiftKey ||
    event.altKey
  )
    return;
  const link = (event.target as Element | null)?.closest?.('a');
  const href = link?.getAttribute('href');
  if (!href?.startsWith(BASE) || link?.hasAttribute('download') || link?.target) return;
  event.preventDefault();
  go(href);
}
