/**
 * GET /api/v1/events: new records as they come, for those whom policy lets read them, as server-sent events.
 *
 * The id of an event is the record's index: a reader that comes back with `Last-Event-ID` misses nothing. Who reads is found
 * out again every second: a stream ends with the login that it was asked for. It ends after a quarter of an hour too,
 * and when Warden stops; browsers come back by themselves.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */

import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Middleware } from 'koa';
import { printableJson } from '../../audit/printable.ts';
import { visibleParts } from '../../audit/visible-parts.ts';
import { WardenError } from '../../errors.ts';
import type { LogReader } from '../../provenance/log-store.ts';
import type { PushRecord } from '../../provenance/record.ts';
import { type Auditor, type AuditorDeps, identifyAuditor } from '../auditor.ts';
import { createPlaces, whenEnded } from '../places.ts';
import type { AppState } from '../state.ts';

export interface EventsDeps extends AuditorDeps {
  readonly log: Pick<LogReader, 'size' | 'entries'>;
  /** Aborted when Warden stops, which no stream is to hold up. */
  readonly stopping: AbortSignal;
}

/** Streams, in all and of one person. */
const AT_ONCE = { inAll: 32, ofOne: 8 };
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
const LONGEST_MS = 900_000;
/** Between two looks at who reads: below that between two looks at the log, so that each of those is one. */
const AGAIN_MS = 500;
const READ_AT_ONCE = 100;
/** Records that a reader who comes back may have missed. More are for a question, not for a stream. */
const FURTHEST_BACK = 10_000;

export function events(deps: EventsDeps): Middleware<AppState> {
  const places = createPlaces('streams of events', AT_ONCE);
  return async function eventsRoute(ctx) {
    const { state } = ctx;
    const { exchange } = state;
    const since = Date.now();
    const auditor = await identifyAuditor(deps, state);
    const size = await deps.log.size();
    const from = firstOf(exchange.request.headers['last-event-id'], size);
    const { response } = exchange;
    await places.hold(auditor.subject.name, response, async () => {
      const gone = new AbortController();
      whenEnded(response, () => gone.abort());
      ctx.set('Cache-Control', 'no-store');
      // nginx would keep events back until it has enough of them.
      ctx.set('X-Accel-Buffering', 'no');
      ctx.type = 'text/event-stream';
      const signal = AbortSignal.any([gone.signal, deps.stopping]);
      ctx.body = Readable.from(stream(deps.log, { auditor, again }, { from, signal }));
    });

    /** Whoever may read no more gets no more. */
    async function again(): Promise<Auditor | undefined> {
      try {
        return await identifyAuditor(deps, state, since);
      } catch (error) {
        exchange.log.debug({ err: error }, 'a stream of events ends with the login');
        return undefined;
      }
    }
  };
}

/** @throws {WardenError} FILTER_MALFORMED */
function firstOf(last: string | string[] | undefined, size: number): number {
  if (last === undefined) return size;
  const index = typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : -1;
  if (index < 0)
    throw new WardenError('FILTER_MALFORMED', { sentence: 'Last-Event-ID is not the index of a record' });
  return Math.max(Math.min(index + 1, size), size - FURTHEST_BACK);
}

async function* stream(
  log: EventsDeps['log'],
  { auditor, again }: { readonly auditor: Auditor; readonly again: () => Promise<Auditor | undefined> },
  { from, signal }: { readonly from: number; readonly signal: AbortSignal },
): AsyncGenerator<string> {
  const began = performance.now();
  let reader = auditor;
  let next = from;
  let said = began;
  let identified = began;
  yield 'retry: 3000\n\n';
  while (!signal.aborted && performance.now() - began < LONGEST_MS) {
    if (performance.now() - identified >= AGAIN_MS) {
      const now = await again();
      if (now === undefined) return;
      reader = now;
      identified = performance.now();
    }
    const leaves = await log.entries(next, READ_AT_ONCE);
    let text = leaves.map((leaf) => eventOf(next++, leaf, reader) ?? '').join('');
    // Also where there is much that this reader may not see.
    if (text === '' && performance.now() - said >= HEARTBEAT_MS) text = ': still here\n\n';
    if (text !== '') {
      said = performance.now();
      yield text;
    }
    // Woken when nobody listens any more, or Warden stops.
    if (leaves.length < READ_AT_ONCE) await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

function eventOf(index: number, leaf: Uint8Array, { mayRead }: Auditor): string | undefined {
  const record = JSON.parse(Buffer.from(leaf).toString('utf8')) as PushRecord;
  const repository = 'subject' in record ? (record.subject?.repo ?? '') : '';
  if (!mayRead(repository)) return undefined;
  const shown = { index, ...visibleParts(record, mayRead) };
  return `id: ${index}\nevent: ${record.type}\ndata: ${printableJson(shown)}\n\n`;
}
