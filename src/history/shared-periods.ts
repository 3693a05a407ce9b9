/** When which policy was in force, from what each of several instances says of itself. */
import type { PolicyPeriod } from './version-store.ts';

/** One instance, from one start to its end, with one policy. Milliseconds since 1970. */
export interface Decided {
  readonly digest: string;
  readonly since: number;
  /** Until when it is known to have decided by it: the next policy, or its last sign of life. */
  readonly until: number;
  /** It was the last that the instance said. */
  readonly last: boolean;
}

/**
 * A policy is in force as long as any instance decides by it. When nobody runs, the last one goes on, as it does where
 * one instance stops; and where one begins again with the policy of before, nothing changed.
 *
 * @param graceMs between two signs of life, and more: an instance that was heard of so lately decides still.
 */
export function sharedPeriods(decided: readonly Decided[], graceMs: number): readonly PolicyPeriod[] {
  const newest = Math.max(...decided.map(({ until }) => until));
  const spans = decided
    .map(({ digest, since, until, last }) => ({
      digest,
      from: since,
      until: last && until >= newest - graceMs ? Number.POSITIVE_INFINITY : until,
    }))
    .sort((a, b) => a.from - b.from || a.until - b.until);
  const all: { digest: string; from: number; until: number }[] = [];
  for (const span of spans) {
    // Nobody decided since the last one ended: it goes on until now.
    const running = all.some(({ until }) => until >= span.from);
    const latest = all.reduce((best, one) => (one.until >= best.until ? one : best), all[0] ?? span);
    if (!running && all.length > 0) latest.until = span.from;
    const same = all.findLast(({ digest }) => digest === span.digest);
    if (same && same.until >= span.from) same.until = Math.max(same.until, span.until);
    else all.push({ ...span });
  }
  return all.map(({ digest, from, until }) => ({
    digest,
    from,
    until: until === Number.POSITIVE_INFINITY ? undefined : until,
  }));
}
