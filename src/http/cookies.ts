/** One cookie of a request. */
import type { IncomingMessage } from 'node:http';

/**
 * Cookies are parted by `;` and spaces alone (RFC 6265 section 4.2.1). What else JavaScript takes for a blank is a part of the name:
 * to a browser `\u00a0__Host-x` has no prefix, so a neighbouring host may have set it.
 *
 * @returns undefined where there is none, or more than one: somebody who may set cookies for a part of the address put one there.
 */
export function cookieOf({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const cookies = (headers.cookie ?? '').split(';').map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''));
  const wanted = `${name}=`;
  const found = cookies.filter((one) => one.startsWith(wanted)).map((one) => one.slice(wanted.length));
  return found.length === 1 ? found[0] : undefined;
}
