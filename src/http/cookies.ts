/** The cookies of a request. */
import type { IncomingMessage } from 'node:http';

/**
 * Cookies are parted by `;` and spaces alone (RFC 6265 section 4.2.1). What else JavaScript takes for a blank is a part of the name:
 * to a browser `\u00a0__Host-x` has no prefix, so a neighbouring host may have set it.
 *
 * @returns undefined where there is none, or more than one: somebody who may set cookies for a part of the address put one there.
 */
export function cookieOf({ headers }: Pick<IncomingMessage, 'headers'>, name: string): string | undefined {
  const found = cookiesOf({ headers }).filter(([one]) => one === name);
  return found.length === 1 ? found[0]?.[1] : undefined;
}

/** Names and values, in the order in which they came. */
export function cookiesOf({
  headers,
}: Pick<IncomingMessage, 'headers'>): readonly (readonly [name: string, value: string])[] {
  const cookies = (headers.cookie ?? '').split(';').map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''));
  return cookies.flatMap((one) => {
    const at = one.indexOf('=');
    return at < 0 ? [] : [[one.slice(0, at), one.slice(at + 1)] as const];
  });
}
