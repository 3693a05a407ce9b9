/**
 * A name as PostgreSQL can hold it in an index: its text has no NUL, and an entry of an index at most some 2,700 bytes.
 * Claims of clients may have either, and must not end the filling. What is changed has its hash at its end, so two names
 * stay two.
 */
import { hash } from 'node:crypto';

/** In bytes of UTF-8. */
const LIMIT = 2_000;
/** In UTF-16 code units, each of which is at most three bytes. */
const SHORT = Math.floor(LIMIT / 3);

export function indexText(text: string): string {
  const whole = !text.includes('\0');
  if (whole && (text.length <= SHORT || Buffer.byteLength(text) <= LIMIT)) return text;
  // Cut within a pair of surrogates, the first half would be no text.
  const beginning = text
    .slice(0, SHORT - 64)
    .replaceAll('\0', '\u2400')
    .toWellFormed();
  return `${beginning}\u2026${hash('sha256', text)}`;
}
