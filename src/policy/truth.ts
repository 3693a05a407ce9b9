/**
 * Kleene's three-valued logic: what follows from the facts that are known.
 *
 * A combination is true or false only if it would be so whatever the unknown parts turn out to be; so a decision made
 * early is never contradicted by the one that is made when all is known.
 */
import { UNKNOWN, type Unknown } from './facts.ts';

export type Truth = boolean | Unknown;

/** False if any part is false, true if all are true. */
export function and(parts: Iterable<Truth>): Truth {
  let result: Truth = true;
  for (const part of parts) {
    if (part === false) return false;
    if (part === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

/** True if any part is true, false if all are false. */
export function or(parts: Iterable<Truth>): Truth {
  let result: Truth = false;
  for (const part of parts) {
    if (part === true) return true;
    if (part === UNKNOWN) result = UNKNOWN;
  }
  return result;
}

export function not(part: Truth): Truth {
  return part === UNKNOWN ? UNKNOWN : !part;
}
