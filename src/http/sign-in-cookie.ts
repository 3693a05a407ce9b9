/** The cookie by which a browser brings back the sign-in that it began. */
import type { Client, Exchange } from '../gate/exchange.ts';
import { cookieOf } from './cookies.ts';

/**
 * Lax: it has to come along when the issuer sends the browser back, which is a navigation from another site, and with
 * nothing else that another site can have a browser send. Without it an address that somebody was sent counts for nothing.
 *
 * @param seconds 0 takes the cookie away.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
export function setSignInCookie(client: Client, sealed: string, seconds: number): string {
  const secure = client.proto === 'https' ? '; Secure' : '';
  return `${nameOf(client)}=${sealed}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** @returns as cookieOf. */
export function signInCookie({ request, client }: Pick<Exchange, 'request' | 'client'>): string | undefined {
  return cookieOf(request, nameOf(client));
}

/** Plain HTTP is for this machine. The prefix would have a browser refuse it there. */
function nameOf({ proto }: Client): string {
  return proto === 'https' ? '__Host-warden-sign-in' : 'warden-sign-in';
}
