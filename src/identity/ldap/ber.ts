/**
 * The frame of BER, as far as it is needed to know where a message ends and that its parts fill it. Pure.
 *
 * @see https://www.rfc-editor.org/rfc/rfc4511#section-5.1
 */

/** What each LDAP message begins with. */
export const SEQUENCE = 0x30;
/** Messages have some ten levels, with filters a few more. */
const DEPTH = 32;
const CONSTRUCTED = 0x20;

/**
 * Where an element that begins at `at` has its content, and where it ends.
 *
 * @returns 'more' while its head has not come whole; 'unreadable' for tags of several bytes and indefinite lengths, which
 *   LDAP does not have.
 */
export function frameOf(
  bytes: Buffer,
  at: number,
): { readonly start: number; readonly end: number } | 'more' | 'unreadable' {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined) return 'more';
  if ((tag & 0x1f) === 0x1f) return 'unreadable';
  if (first === undefined) return 'more';
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const more = first & 0x7f;
  if (more === 0 || more > 4) return 'unreadable';
  const start = at + 2 + more;
  return bytes.length < start ? 'more' : { start, end: start + bytes.readUIntBE(at + 2, more) };
}

/** Whether elements fill the range to the byte, and theirs them. */
export function isWellFormed(bytes: Buffer, from = 0, to = bytes.length, depth = DEPTH): boolean {
  if (depth === 0) return false;
  let at = from;
  while (at < to) {
    const frame = frameOf(bytes, at);
    if (typeof frame === 'string' || frame.end > to) return false;
    const inner = ((bytes[at] ?? 0) & CONSTRUCTED) !== 0;
    if (inner && !isWellFormed(bytes, frame.start, frame.end, depth - 1)) return false;
    at = frame.end;
  }
  return at === to;
}
