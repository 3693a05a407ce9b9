/** A moment as people write it: with the zone whose clocks show it. */
import { momentOf, readZone } from './zone.ts';

export type ParsedMoment =
  /** Milliseconds since 1970. */
  { readonly ok: true; readonly time: number } | { readonly ok: false; readonly reason: string };

export const MOMENT_FORMS = '2026-05-03T14:00:00Z or 2026-05-03 14:00 Europe/Berlin';

/**
 * Reads RFC 3339, and a local time with the name of a zone. A local time that comes twice, when clocks are put back, is the
 * first of them.
 */
export function parseMoment(text: string): ParsedMoment {
  const refuse = (reason: string): ParsedMoment => ({
    ok: false,
    reason: `${JSON.stringify(text)}: ${reason}`,
  });
  const [, day = '', clock = '', rest = ''] =
    /^(\d{4}-\d\d-\d\d)[Tt ]((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?)(.*)$/.exec(text) ?? [];
  const local = Date.parse(`${day}T${clock}Z`);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(local) || !new Date(midnight).toISOString().startsWith(day))
    return refuse(`expected a time such as ${MOMENT_FORMS}`);
  const offset = /^(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.test(rest);
  if (offset) return { ok: true, time: Date.parse(`${day}T${clock}${rest.toUpperCase()}`) };
  if (!rest.startsWith(' ')) return refuse(`without a zone it could be many moments; write ${MOMENT_FORMS}`);
  const read = readZone(rest.slice(1));
  return read.ok ? { ok: true, time: momentOf(local, read.zone, 'first') } : refuse(read.reason);
}
