/** One row of a table of rights, and when two rows say the same. */
import { createHash } from 'node:crypto';
import type { Conditions } from '../conditions.ts';
import type { Seen } from '../seen.ts';
import { weighAll } from '../weigh.ts';
import { keyOf } from './key.ts';

/** What a row does not hold for: all of `when` holds, and none of `unless`. */
export interface Exception {
  /** Ids of the denies; none for what the allow rule itself excepts. */
  readonly rules: readonly string[];
  readonly when: Conditions;
  readonly unless: readonly Conditions[];
}

/** One row. What the question gives is not repeated in it, but for the actions. */
export interface Right {
  /** Ids of the allow rules, sorted. */
  readonly rules: readonly string[];
  /** Ids of the denies that took something away which `when` no longer says. */
  readonly lessenedBy: readonly string[];
  readonly when: Conditions & { readonly actions: NonNullable<Conditions['actions']> };
  /** The token must be used from the address that fetched it. */
  readonly bind: boolean;
  readonly except: readonly Exception[];
}

/** Equal for rows that allow the same, whichever rules make them. */
export function keyOfRight({ when, bind, except }: Omit<Right, 'rules' | 'lessenedBy'>): string {
  return [keyOf(when), bind ? 'bind' : '', keyOfExceptions(except)].join('\n');
}

/** A digest, since there can be thousands. */
export function keyOfExceptions(list: readonly Exception[]): string {
  if (list.length === 0) return '';
  const before = keysOfLists.get(list);
  if (before !== undefined) return before;
  const key = createHash('sha256').update(list.map(keyOfException).sort().join('\n')).digest('base64');
  keysOfLists.set(list, key);
  return key;
}

const keysOfLists = new WeakMap<readonly Exception[], string>();

export function keyOfException(exception: Exception): string {
  const before = keys.get(exception);
  if (before !== undefined) return before;
  const key = [keyOf(exception.when), ...exception.unless.map(keyOf).sort()].join(' | ');
  keys.set(exception, key);
  return key;
}

/** Rows share their exceptions, and are compared often. */
const keys = new WeakMap<Exception, string>();

export function union(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].sort();
}

/** Whether a row holds for a question of which everything is known. */
export function rightHolds({ when, bind, except }: Right, seen: Seen): boolean {
  if (weighAll(when, seen) !== true) return false;
  if (bind && seen.address !== seen.tokenAddress) return false;
  return !except.some(
    (exception) =>
      weighAll(exception.when, seen) === true &&
      !exception.unless.some((block) => weighAll(block, seen) === true),
  );
}
