/** Times as people write them in a question. Pure: the present is a parameter. */

/** Milliseconds since 1970. A day is a span, everything else a moment. */
export interface Span {
  /** Its beginning: what `since` takes. */
  readonly from: number;
  /** Its end, which is no longer in it: what `until` takes. So `until` a day includes that day. */
  readonly to: number;
}

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const DAY_MS = 86_400_000;

/**
 * Reads `2026-11-23` (a day in UTC), RFC 3339 with a zone, or a length before now: `90m`, `24h`, `7d`, `2w`.
 *
 * @returns undefined for everything else, also for days that no calendar has and for times without a zone, which the
 * asker's machine and the server could read differently.
 */
export function parseTime(text: string, now: number): Span | undefined {
  const length = parseLength(text);
  if (length !== undefined) return moment(now - length);
  if (/^\d{4}-\d\d-\d\d$/.test(text)) {
    const from = instant(`${text}T00:00:00Z`, text);
    return from === undefined ? undefined : { from, to: from + DAY_MS };
  }
  const parts = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d):\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/.exec(text);
  if (!parts || Number(parts[2]) > 23) return undefined;
  const at = instant(text.replace(' ', 'T').toUpperCase(), parts[1] ?? '');
  return at === undefined ? undefined : moment(at);
}

/** `90m`, `24h`, `7d`, `2w` in milliseconds. @returns undefined for everything else. */
export function parseLength(text: string): number | undefined {
  const [, number, unit = ''] = /^([1-9]\d{0,5})([mhdw])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * (UNITS[unit] ?? 0);
}

function moment(at: number): Span {
  return { from: at, to: at };
}

/** Date.parse takes 30 February for 2 March; the day must come back as it was written. */
function instant(text: string, day: string): number | undefined {
  const at = Date.parse(text);
  const dayAt = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(at) || Number.isNaN(dayAt)) return undefined;
  return new Date(dayAt).toISOString().startsWith(day) ? at : undefined;
}
