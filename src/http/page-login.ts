/**
 * The login of the page: a session of its own kind behind a cookie that scripts cannot read.
 *
 * A cookie goes along with whatever a browser is made to ask. So it counts only with a header that a page of another
 * site cannot have sent, and never where the browser says that another site asks.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
import { WardenError } from '../errors.ts';
import type { Client, Exchange } from '../gate/exchange.ts';
import type { Subject } from '../policy/facts.ts';
import type { LoggedIn } from './basic-login.ts';
import { cookieOf } from './cookies.ts';

export interface PageSessions {
  /** @returns the token. */
  start(login: LoggedIn & { readonly address: string; readonly lastsMs: number }): Promise<string>;
  /** Undefined when it has ended, or the credential that it was begun with is no longer theirs. */
  use(token: string, client: Client): Promise<Subject | undefined>;
  /** @returns whose it was; undefined where there was none any more. */
  end(token: string): Promise<string | undefined>;
}

/** Sent by the page with every request of its own. */
export const PAGE_HEADER = 'x-warden-page';

const TOKEN = /^wrt_[A-Za-z0-9_-]{16}\.[A-Za-z0-9_-]{43}$/;

/** @returns the token of the page's session; undefined where the request is not one of the page. */
export function pageToken({ request, client }: Pick<Exchange, 'request' | 'client'>): string | undefined {
  if (!isOfPage({ request, client })) return undefined;
  const found = cookieOf(request, cookieName(client));
  return found !== undefined && TOKEN.test(found) ? found : undefined;
}

/** Whether the page itself asks, as far as its browser is to be believed. */
export function isOfPage({ request, client }: Pick<Exchange, 'request' | 'client'>): boolean {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const mode = request.headers['sec-fetch-mode'];
  if (request.headers[PAGE_HEADER] !== '1') return false;
  if (site !== undefined && site !== 'same-origin') return false;
  if (mode === 'navigate' || mode === 'no-cors') return false;
  return origin === undefined || (host !== undefined && origin === `${client.proto}://${host}`);
}

/** @throws {WardenError} REQUEST_MALFORMED where it is not the page that asks. */
export function requirePage(exchange: Pick<Exchange, 'request' | 'client'>): void {
  if (isOfPage(exchange)) return;
  throw new WardenError('REQUEST_MALFORMED', {
    sentence: 'this address is for the page of this server alone',
  });
}

/**
 * Strict: no link or form elsewhere has the browser send it. `__Host-`: only this host over TLS can have set it.
 *
 * @param seconds 0 takes the cookie away.
 * @see https://www.rfc-editor.org/rfc/rfc6265
 */
export function setCookie(client: Client, token: string, seconds: number): string {
  const secure = client.proto === 'https' ? '; Secure' : '';
  return `${cookieName(client)}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}

/** Plain HTTP is for logins on this machine. The prefix would have a browser refuse it there. */
function cookieName({ proto }: Client): string {
  return proto === 'https' ? '__Host-warden' : 'warden';
}
