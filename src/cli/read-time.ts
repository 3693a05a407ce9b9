/** Times on a command line. */
import { parseTime, type Span } from '../audit/time.ts';
import { parseMoment } from '../policy/moment.ts';

export const SPAN_FORMS =
  'a day such as 2026-05-03 (UTC), a moment such as 2026-05-03T14:00:00Z or "2026-05-03 14:00 Europe/Berlin", or a time ago such as 24h or 7d';

/** @returns undefined for what is none of SPAN_FORMS. */
export function readSpan(text: string, now: number): Span | undefined {
  const span = parseTime(text, now);
  if (span !== undefined) return span;
  const moment = parseMoment(text);
  return moment.ok ? { from: moment.time, to: moment.time } : undefined;
}
