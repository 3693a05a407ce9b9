/**
 * New records as they come: one stream for the whole page, open while something on it wants to know and somebody can see it. It says only that
 * there is something new; what of it fits the filters that are in force is asked of the server, which knows them exactly.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
import { getStream, Problem } from './api.ts';

type Listener = () => void;

const listeners = new Set<Listener>();
let ending: AbortController | undefined;
/** The index of the last record that was told of: after a break nothing is missed. */
let last: string | undefined;

/** Milliseconds until the next try; longer each time, since a server that is away has enough to do. */
const FIRST_WAIT = 3_000;
const LONGEST_WAIT = 60_000;

/** @returns what ends it. */
export function onNewRecords(listener: Listener): () => void {
  listeners.add(listener);
  if (ending === undefined) {
    ending = new AbortController();
    void follow(ending.signal);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    ending?.abort();
    ending = undefined;
  };
}

async function follow(signal: AbortSignal): Promise<void> {
  let wait = FIRST_WAIT;
  let before = false;
  while (!signal.aborted) {
    await visible(signal);
    const stream = streamWhileVisible(signal);
    try {
      const body = await getStream('events', last ? { 'last-event-id': last } : {}, stream.signal);
      // Where none was told of before, nothing says from where to go on: what came in between is looked for.
      if (before) tell();
      before = true;
      for await (const id of idsOf(body)) {
        wait = FIRST_WAIT;
        last = id;
        tell();
      }
    } catch (error) {
      // Who is signed out, or may not read, will not do better by asking again.
      if (error instanceof Problem && (error.status === 401 || error.status === 403)) return;
    } finally {
      stream.end();
    }
    if (document.hidden) continue;
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

function tell(): void {
  for (const listener of listeners) listener();
}

/**
 * Over HTTP/1.1 a browser opens six connections to a server, for all its tabs together: streams of those that nobody looks
 * at would leave none to the one that somebody does.
 */
function streamWhileVisible(signal: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const ending = new AbortController();
  const look = (): void => {
    if (document.hidden || signal.aborted) ending.abort();
  };
  document.addEventListener('visibilitychange', look);
  signal.addEventListener('abort', look);
  look();
  return {
    signal: ending.signal,
    end() {
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
    },
  };
}

function visible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (document.hidden && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

/** The ids of the events in a stream. */
async function* idsOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let id: string | undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('id: ')) id = line.slice('id: '.length);
      else if (line === '' && id !== undefined) {
        yield id;
        id = undefined;
      }
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
