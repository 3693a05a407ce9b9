/** Questions that were answered with yes not long ago, under names that tell nothing of them. */
import { createHmac, randomBytes } from 'node:crypto';

export interface RememberedOptions {
  /** Milliseconds, monotonic or not: only differences are used. */
  readonly now: () => number;
  /** 0: nothing is remembered. */
  readonly forMs: number;
  /** How many. The one that was not used for longest is forgotten first. */
  readonly limit: number;
}

export interface Remembered {
  /**
   * The name of a question for as long as the process lives: equal for equal parts, telling nothing of them to whoever
   * has not the key.
   */
  nameOf(parts: readonly (string | null)[]): string;
  has(name: string): boolean;
  add(name: string): void;
  /** Nothing is remembered any more. */
  clear(): void;
}

export function createRemembered({ now, forMs, limit }: RememberedOptions): Remembered {
  const key = randomBytes(32);
  /** Name -> when it is forgotten. In order of use, oldest first. */
  const until = new Map<string, number>();
  return {
    // JSON keeps the parts apart whatever they hold.
    nameOf: (parts) => createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64'),
    has(name) {
      const end = until.get(name);
      if (end === undefined) return false;
      until.delete(name);
      if (end <= now()) return false;
      until.set(name, end);
      return true;
    },
    clear: () => until.clear(),
    add(name) {
      if (forMs === 0) return;
      until.delete(name);
      until.set(name, now() + forMs);
      const [oldest] = until.keys();
      if (until.size > limit && oldest !== undefined) until.delete(oldest);
    },
  };
}
