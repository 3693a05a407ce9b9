/**
 * How often something may happen, counted for a key in a window of fixed length.
 *
 * The window begins with the first point taken and is not extended by what is tried while nothing is left. Keys may
 * hold what strangers write: they are kept as digests, and only so many.
 */
import { createHash } from 'node:crypto';
import { RateLimiterMemory } from 'rate-limiter-flexible';

export interface LimitOptions {
  /** Tells the limits of one store apart. */
  readonly name: string;
  /** How many points a key has in one window. */
  readonly points: number;
  /** Length of the window. */
  readonly seconds: number;
  /** Keys counted at once in memory; beyond that the oldest is forgotten. */
  readonly keys?: number;
}

/** Whether a key has points left; if not, after how many whole seconds it has them again. */
export type Allowance = { readonly ok: true } | { readonly ok: false; readonly retryAfterSeconds: number };

export interface Limit {
  /** Without taking a point. */
  look(key: string): Promise<Allowance>;
  /** Takes a point, if there is one. */
  take(key: string): Promise<Allowance>;
  /** Gives a point back that was taken for what turned out to be harmless. */
  giveBack(key: string): Promise<void>;
}

/** What a digest cuts a key down to: 96 bits, so that nobody finds two keys that share one. */
const KEY_BYTES = 12;
const DEFAULT_KEYS = 20_000;

/** The name under which a key is counted. */
export function limitKey(key: string): string {
  return createHash('sha256').update(key).digest().subarray(0, KEY_BYTES).toString('base64url');
}

/** What rate-limiter-flexible rejects with when nothing is left, and answers otherwise. */
interface Count {
  readonly consumedPoints: number;
  readonly msBeforeNext: number;
}

/** The refusal in what rate-limiter-flexible threw; undefined for a failure of its store. */
export function asCount(thrown: unknown): Count | undefined {
  const count = thrown as Partial<Count> | null;
  return typeof count?.consumedPoints === 'number' && typeof count.msBeforeNext === 'number'
    ? (count as Count)
    : undefined;
}

/** An exhausted key is told to wait for at least a second: 0 would invite it at once. */
export function refuse({ msBeforeNext }: Count): Allowance {
  return { ok: false, retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) };
}

/** Counts in this process. */
export function createMemoryLimit(options: LimitOptions): Limit {
  const { name, points, seconds, keys = DEFAULT_KEYS } = options;
  const limiter = new RateLimiterMemory({ keyPrefix: name, points, duration: seconds });
  /** Keys in order of their first point: the limiter has no bound of its own. */
  const counted = new Set<string>();

  async function keepBounded(key: string): Promise<void> {
    // A key whose window has ended begins anew, also in the order.
    if (!(await limiter.get(key))) counted.delete(key);
    counted.add(key);
    const [oldest] = counted;
    if (counted.size <= keys || oldest === undefined) return;
    counted.delete(oldest);
    await limiter.delete(oldest);
  }

  return {
    async look(text) {
      const count = await limiter.get(limitKey(text));
      return count && count.consumedPoints >= points && count.msBeforeNext > 0 ? refuse(count) : { ok: true };
    },
    async take(text) {
      const key = limitKey(text);
      await keepBounded(key);
      try {
        await limiter.consume(key);
        return { ok: true };
      } catch (thrown) {
        const count = asCount(thrown);
        if (count) return refuse(count);
        throw thrown;
      }
    },
    async giveBack(text) {
      const key = limitKey(text);
      const count = await limiter.get(key);
      // A window that has ended meanwhile must not begin again with a point more than there are.
      if (count && count.consumedPoints > 0) await limiter.reward(key);
    },
  };
}
