/** Time zones: what the clocks of a place show at a moment, and when they show something. */
import { didYouMean } from './did-you-mean.ts';

export interface Zone {
  /** As the time zone database writes it, for example Europe/Berlin. */
  readonly name: string;
  /** Milliseconds that local time is ahead of UTC at a moment, given in milliseconds since 1970. */
  readonly offsetAt: (time: number) => number;
}

export type ReadZone =
  | { readonly ok: true; readonly zone: Zone }
  | { readonly ok: false; readonly reason: string };

/** Clocks change at whole quarters of an hour of UTC, everywhere since 1972. In milliseconds. */
const STEADY = 15 * 60_000;

/**
 * Reads the name of a zone. Offsets such as +02:00 and abbreviations such as CET are refused: the first do not know of
 * daylight-saving time, the second mean several zones. So is Etc/GMT+2, which is two hours behind UTC.
 *
 * @see https://www.iana.org/time-zones
 */
export function readZone(name: string): ReadZone {
  if (name === 'UTC') return { ok: true, zone: { name, offsetAt: () => 0 } };
  if (!/^[A-Z][A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)+$/.test(name)) return refuseZone(name);
  if (/^Etc\/GMT[+-]?\d/i.test(name))
    return {
      ok: false,
      reason: `${JSON.stringify(name)}: the sign of such a zone means the opposite of what one reads; name a place, such as Europe/Berlin, or UTC`,
    };
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return refuseZone(name);
  }
  // One answer is kept: a decision asks for the present moment again and again.
  let quarter = Number.NaN;
  let offset = 0;
  return {
    ok: true,
    zone: {
      name,
      offsetAt(time) {
        const asked = Math.floor(time / STEADY);
        if (asked !== quarter) {
          offset = readOffset(format, time);
          quarter = asked;
        }
        return offset;
      },
    },
  };
}

function refuseZone(name: string): ReadZone {
  const near = didYouMean(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
  return {
    ok: false,
    reason: `${JSON.stringify(name)} is no time zone such as Europe/Berlin or UTC${near}`,
  };
}

/** `GMT+02:00`, `GMT-03:30`, `GMT`. */
function readOffset(format: Intl.DateTimeFormat, time: number): number {
  const text = format.formatToParts(time).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  const [, sign, hours = '0', minutes = '0', seconds = '0'] =
    /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text) ?? [];
  const amount = (Number(hours) * 60 + Number(minutes)) * 60_000 + Number(seconds) * 1000;
  return sign === '-' ? -amount : amount;
}

/**
 * The moment at which the clocks of a zone show a time, given as if it were UTC. Where they show it twice (in autumn),
 * `twice` says which is meant; where they never do (in spring), it is as much later as they were put on.
 *
 * @see https://tc39.es/proposal-temporal/#sec-temporal-disambiguatepossibleepochnanoseconds
 */
export function momentOf(local: number, zone: Zone, twice: 'first' | 'second'): number {
  const day = 86_400_000;
  const [before, after] = [zone.offsetAt(local - day), zone.offsetAt(local + day)];
  const moments = [local - before, local - after].filter((time) => time + zone.offsetAt(time) === local);
  if (moments.length === 0) return local - before;
  return twice === 'first' ? Math.min(...moments) : Math.max(...moments);
}
