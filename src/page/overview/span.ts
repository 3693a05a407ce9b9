/** The stretches of time that the overview shows. */

/** Milliseconds. */
export const UNITS = { hour: 3_600_000, day: 86_400_000 } as const;

export interface Span {
  readonly name: '24h' | '7d' | '30d' | '365d';
  readonly per: keyof typeof UNITS;
  /** How many of them. */
  readonly length: number;
}

export const SPANS: readonly Span[] = [
  { name: '24h', per: 'hour', length: 24 },
  { name: '7d', per: 'hour', length: 168 },
  { name: '30d', per: 'day', length: 30 },
  { name: '365d', per: 'day', length: 365 },
];

/** The beginnings of all hours or days of a span, by UTC as answers have them: where nothing happened the count is 0. */
export function bucketsOf({ per, length }: Span, now: number): readonly number[] {
  const unit = UNITS[per];
  const last = Math.floor(now / unit);
  return Array.from({ length }, (_, at) => (last - length + 1 + at) * unit);
}

/** As filters want it: to the second. @param moment milliseconds since 1970. */
export function second(moment: number): string {
  return new Date(moment).toISOString().replace(/\.\d+/, '');
}

/** When a span began, by this browser's clock. */
export function beginning(span: Span, now: number): string {
  return second(bucketsOf(span, now)[0] ?? now);
}
