/**
 * How much of a content is asked for. Pure.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-14.1.2
 */

/** One range that begins at a byte; it may be open at its end. */
const PLAIN = /^bytes=(0|[1-9][0-9]{0,15})-(0|[1-9][0-9]{0,15})?$/;

/**
 * @param range the value of the header; undefined: all of it.
 * @param size of the content, in bytes.
 * @returns bytes; undefined for what is not one plain range within the content: several, the last bytes, none at all.
 */
export function bytesAsked(range: string | undefined, size: number): number | undefined {
  if (range === undefined) return size;
  const [, first, last] = PLAIN.exec(range) ?? [];
  if (first === undefined) return undefined;
  const from = Number(first);
  const to = Math.min(last === undefined ? size - 1 : Number(last), size - 1);
  return from <= to ? to - from + 1 : undefined;
}
