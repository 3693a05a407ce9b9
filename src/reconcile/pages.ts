/** Whether the pages of a list come to an end: a registry, or what stands before it, may lead in a circle. */
import { WardenError } from '../errors.ts';

/** More pages than any registry has: at 50 repositories or 1,000 tags each. */
const PAGES = 100_000;

/**
 * @param what was asked for, for the sentence.
 * @returns takes the last name of each page. It throws {WardenError} REGISTRY_UNAVAILABLE for a circle of any length, at the
 * latest when it was gone round three times, and for more than a hundred thousand pages.
 */
export function watchPages(what: string): (last: string | undefined) => void {
  let pages = 0;
  let mark: string | undefined;
  let next = 1;
  return (last) => {
    pages++;
    // Two pages that end alike say that it does not page; that is known to who asks.
    if (last !== undefined && last === mark && pages > next / 2 + 1) {
      throw endless(`${what}: its pages lead in a circle; expected an end`);
    }
    if (pages > PAGES) throw endless(`${what}: more than ${PAGES} pages; expected an end`);
    if (pages < next) return;
    // Brent: a mark at each power of two is in the circle in the end, and is come by again.
    mark = last;
    next *= 2;
  };
}

function endless(sentence: string): WardenError {
  return new WardenError('REGISTRY_UNAVAILABLE', { sentence });
}
