/** The cookies by which a browser brings back the sign-ins that it began: one each, since several tabs may begin one. */
import { hash } from 'node:crypto';
import type { Client, Exchange } from '../gate/exchange.ts';
import { cookieOf, cookiesOf } from './cookies.ts';

/** Of one browser at once; the newest stay. */
const SIGN_INS = 4;
/** Characters of the hash of a state: enough that no two of a browser are the same. */
const NAME_LENGTH = 16;

/**
 * Lax: it has to come along when the issuer sends the browser back, which is a navigation from another site, and with
 * nothing else that another site can have a browser send. Without it an address that somebody was sent counts for nothing.
 *
 * @param state that of the sign-in, which is sealed in it too: the name only finds it.
 * @param seconds 0 takes the cookie away.
 * @see https://www.rfc-editor.org/rfc/rfc9700#section-4.7
 */
export function setSignInCookie(client: Client, state: string, sealed: string, seconds: number): string {
  return set(client, nameOf(client, state), sealed, seconds);
}

/** @returns as cookieOf. */
export function signInCookie(
  { request, client }: Pick<Exchange, 'request' | 'client'>,
  state: string,
): string | undefined {
  return cookieOf(request, nameOf(client, state));
}

/** What takes away those that are too many where another one is begun: nobody came back with them. */
export function withoutOldSignIns({
  request,
  client,
}: Pick<Exchange, 'request' | 'client'>): readonly string[] {
  const prefix = `${prefixOf(client)}-`;
  // Browsers send the oldest first (RFC 6265 section 5.4).
  const names = cookiesOf(request).flatMap(([name]) => (name.startsWith(prefix) ? [name] : []));
  const ours = names.filter((name) => /^[A-Za-z0-9_-]+$/.test(name));
  return ours.slice(0, Math.max(0, ours.length - SIGN_INS + 1)).map((name) => set(client, name, '', 0));
}

function set(client: Client, name: string, value: string, seconds: number): string {
  const secure = client.proto === 'https' ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

function nameOf(client: Client, state: string): string {
  return `${prefixOf(client)}-${hash('sha256', state, 'base64url').slice(0, NAME_LENGTH)}`;
}

/** Plain HTTP is for this machine. The prefix would have a browser refuse it there. */
function prefixOf({ proto }: Client): string {
  return proto === 'https' ? '__Host-warden-sign-in' : 'warden-sign-in';
}
