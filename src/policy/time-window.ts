/**
 * Windows of time, in the time of a named zone: `Mon-Fri 08:00-18:00 Europe/Berlin` every week, and
 * `2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin` once.
 */
import { momentOf, type ReadZone, readZone, type Zone } from './zone.ts';

export type TimeWindow = Weekly | Once;

export interface Weekly {
  readonly kind: 'weekly';
  readonly text: string;
  /** On which days it begins: seven entries, Monday first. */
  readonly days: readonly boolean[];
  /** Minutes after midnight by the clocks of the zone; `end` is not inside. Where it is not later than `start`, it is of the next day. */
  readonly start: number;
  readonly end: number;
  readonly zone: Zone;
}

export interface Once {
  readonly kind: 'once';
  readonly text: string;
  /** Milliseconds since 1970; `to` is not inside. */
  readonly from: number;
  readonly to: number;
  readonly zone: Zone;
}

export type ParsedWindow =
  | { readonly ok: true; readonly window: TimeWindow }
  | { readonly ok: false; readonly reason: string };

const NAMES = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const DAY_MINUTES = 24 * 60;
const DAY_MS = 86_400_000;

const FORMS =
  'expected for example Mon-Fri 08:00-18:00 Europe/Berlin, or 2026-12-20 18:00 to 2027-01-04 06:00 Europe/Berlin';

/** @param zoneNamed looks a zone up; one that remembers saves much, since making a zone is slow. */
export function parseTimeWindow(
  text: string,
  zoneNamed: (name: string) => ReadZone = readZone,
): ParsedWindow {
  const refuse = (reason: string): ParsedWindow => ({
    ok: false,
    reason: `${JSON.stringify(text)}: ${reason}`,
  });
  const weekly = /^(\S+) (\d{2}:\d{2})-(\d{2}:\d{2}) (\S+)$/.exec(text);
  const once = /^(\S+ \d{2}:\d{2}) to (\S+ \d{2}:\d{2}) (\S+)$/.exec(text);
  if (weekly) {
    const [, dayText = '', startText = '', endText = '', zoneName = ''] = weekly;
    const days = readDays(dayText);
    if (!days) return refuse(`${JSON.stringify(dayText)} is no list of days such as Mon-Fri or Sat,Sun`);
    const [start, end] = [readClock(startText), readClock(endText)];
    if (start === undefined || end === undefined || start === DAY_MINUTES)
      return refuse('expected times from 00:00 to 23:59; an end may be 24:00');
    if (start === end) return refuse('a window that ends when it begins; for whole days write 00:00-24:00');
    const zone = zoneNamed(zoneName);
    if (!zone.ok) return refuse(zone.reason);
    return { ok: true, window: { kind: 'weekly', text, days, start, end, zone: zone.zone } };
  }
  if (once) {
    const [, fromText = '', toText = '', zoneName = ''] = once;
    const [from, to] = [readLocal(fromText), readLocal(toText)];
    if (from === undefined || to === undefined)
      return refuse('expected dates and times such as 2026-12-20 18:00');
    const zone = zoneNamed(zoneName);
    if (!zone.ok) return refuse(zone.reason);
    const begins = momentOf(from, zone.zone, 'first');
    const ends = momentOf(to, zone.zone, 'second');
    if (begins >= ends) return refuse('the window ends before it begins');
    return { ok: true, window: { kind: 'once', text, from: begins, to: ends, zone: zone.zone } };
  }
  return refuse(FORMS);
}

/** `Mon-Fri`, `Sat,Sun`, `Mon-Wed,Sun`, and `Sat-Mon` over the end of the week. */
function readDays(text: string): readonly boolean[] | undefined {
  const days = NAMES.map(() => false);
  for (const part of text.split(',')) {
    const [first = '', last = first, ...rest] = part.split('-');
    const [from, to] = [NAMES.indexOf(first), NAMES.indexOf(last)];
    if (from < 0 || to < 0 || rest.length > 0) return undefined;
    for (let day = from; ; day = (day + 1) % 7) {
      days[day] = true;
      if (day === to) break;
    }
  }
  return days;
}

/** Minutes after midnight. */
function readClock(text: string): number | undefined {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  const total = hours * 60 + minutes;
  return minutes < 60 && total <= DAY_MINUTES ? total : undefined;
}

/** As if it were UTC, in milliseconds. */
function readLocal(text: string): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}:\d{2})$/.exec(text);
  const minutes = parts && readClock(parts[4] ?? '');
  if (!parts || minutes === undefined || minutes === null) return undefined;
  const [year = 0, month = 0, day = 0] = parts.slice(1, 4).map(Number);
  const midnight = Date.UTC(year, month - 1, day);
  // The 30th of February is the 2nd of March to Date.
  return new Date(midnight).getUTCDate() === day && new Date(midnight).getUTCMonth() === month - 1
    ? midnight + minutes * 60_000
    : undefined;
}

/** @param time milliseconds since 1970. */
export function isWithin(window: TimeWindow, time: number): boolean {
  if (window.kind === 'once') return window.from <= time && time < window.to;
  const { days, start, end, zone } = window;
  const local = time + zone.offsetAt(time);
  const dayNumber = Math.floor(local / DAY_MS);
  const minute = Math.floor((local - dayNumber * DAY_MS) / 60_000);
  // 1970 began on a Thursday.
  const day = (((dayNumber + 3) % 7) + 7) % 7;
  if (start < end) return days[day] === true && start <= minute && minute < end;
  const dayBefore = (day + 6) % 7;
  return (days[day] === true && start <= minute) || (days[dayBefore] === true && minute < end);
}

/** True if every moment of `inner` is surely in `outer`; false also where that is hard to tell. */
export function windowCovers(outer: TimeWindow, inner: TimeWindow): boolean {
  if (outer.kind === 'once') return inner.kind === 'once' && outer.from <= inner.from && inner.to <= outer.to;
  if (outer.days.every(Boolean) && outer.start === 0 && outer.end === DAY_MINUTES) return true;
  if (inner.kind === 'once' || outer.zone.name !== inner.zone.name) return false;
  if (outer.start >= outer.end || inner.start >= inner.end)
    return (
      outer.start === inner.start &&
      outer.end === inner.end &&
      inner.days.every((day, index) => !day || outer.days[index] === true)
    );
  return (
    outer.start <= inner.start &&
    inner.end <= outer.end &&
    inner.days.every((day, index) => !day || outer.days[index] === true)
  );
}
