/**
 * Writes the head of a request for the fast lane. What node:http checks of a head is checked here: a line break in a
 * value would end the head, and begin a request that nobody judged.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-3
 */
import type { OutgoingHttpHeaders } from 'node:http';

const TARGET = /^\/[\x21-\x7e]*$/;
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * @param host the authority of the configured address.
 * @returns the head, in which each character is one byte (latin1).
 * @throws {TypeError} for what no head may hold; the caller read all of it from a head, so it is a defect.
 */
export function writeRequestHead(
  method: 'GET' | 'HEAD',
  target: string,
  host: string,
  headers: OutgoingHttpHeaders,
): string {
  if (!TARGET.test(target)) throw new TypeError('the target of a request holds what no target may hold');
  let text = `${method} ${target} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    if (!NAME.test(name)) throw new TypeError('the name of a header holds what no name may hold');
    for (const one of Array.isArray(value) ? value : [value]) {
      // The value may be a secret, so it is not told.
      if (!VALUE.test(String(one))) throw new TypeError(`the header ${name} holds what no header may hold`);
      text += `${name}: ${one}\r\n`;
    }
  }
  return `${text}connection: keep-alive\r\n\r\n`;
}
