/**
 * GET /api/v1/events: new records as they come, for those whom policy lets read them, as server-sent events.
 *
 * The id of an event is the record's index: a reader that comes back with `Last-Event-ID` misses nothing. A stream ends
 * after a quarter of an hour, so that who reads is found out again; browsers come back by themselves.
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
import type { AppState } from '../state.ts';

export interface EventsDeps extends AuditorDeps {
  readonly log: Pick<LogReader, 'size' | 'entries'>;
}

const AT_ONCE = 32;
const LOOK_MS = 1_000;
const HEARTBEAT_MS = 15_000;
const LONGEST_MS = 900_000;
const READ_AT_ONCE = 100;
/** Records that a reader who comes back may have missed. More are for a question, not for a stream. */
const FURTHEST_BACK = 10_000;

export function events(deps: EventsDeps): Middleware<AppState> {
  let open = 0;
  return async function eventsRoute(ctx) {
    const { summary, exchange } = ctx.state;
    summary.route = 'events';
    if (ctx.method !== 'GET') throw new WardenError('METHOD_UNSUPPORTED', { headers: { Allow: 'GET' } });
    const auditor = await identifyAuditor(deps, ctx.state);
    const size = await deps.log.size();
    const from = firstOf(exchange.request.headers['last-event-id'], size);
    if (open >= AT_ONCE) throw new WardenError('OVERLOADED');
    open++;
    ctx.set('Cache-Control', 'no-store');
    // nginx would keep events back until it has enough of them.
    ctx.set('X-Accel-Buffering', 'no');
    ctx.type = 'text/event-stream';
    ctx.body = Readable.from(stream(deps.log, auditor, from)).once('close', () => open--);
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

async function* stream(log: EventsDeps['log'], auditor: Auditor, from: number): AsyncGenerator<string> {
  const began = performance.now();
  let next = from;
  let said = began;
  yield 'retry: 3000\n\n';
  while (performance.now() - began < LONGEST_MS) {
    const leaves = await log.entries(next, READ_AT_ONCE);
    for (const leaf of leaves) {
      const text = eventOf(next++, leaf, auditor);
      if (text === undefined) continue;
      said = performance.now();
      yield text;
    }
    if (leaves.length > 0) continue;
    if (performance.now() - said >= HEARTBEAT_MS) {
      said = performance.now();
      yield ': still here\n\n';
    }
    await sleep(LOOK_MS);
  }
}

function eventOf(index: number, leaf: Uint8Array, { mayRead }: Auditor): string | undefined {
  const record = JSON.parse(Buffer.from(leaf).toString('utf8')) as PushRecord;
  const repository = 'subject' in record ? (record.subject?.repo ?? '') : '';
  if (!mayRead(repository)) return undefined;
  const shown = { index, ...visibleParts(record, mayRead) };
  return `id: ${index}\nevent: ${record.type}\ndata: ${printableJson(shown)}\n\n`;
}
