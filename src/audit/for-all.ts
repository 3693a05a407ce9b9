/** Questions whose answers would tell of repositories that their asker may not see. */
import { WardenError } from '../errors.ts';
import type { MayRead } from './visible-parts.ts';

/** @throws {WardenError} POLICY_DENIED */
export function requireAll(mayRead: MayRead, what: string): void {
  if (mayRead('')) return;
  throw new WardenError('POLICY_DENIED', {
    sentence: `${what} tells of all repositories, and is for those who may read the record of each (audit on **)`,
  });
}
