/**
 * Signing in to the page by an issuer: POST /ui/sign-in/<issuer> begins it, GET /ui/signed-in/<issuer> is where the issuer
 * sends the browser back to.
 */
import type { Middleware } from 'koa';
import { z } from 'zod';
import { type ErrorName, WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import { type Refusal, SIGN_IN_MS, type SignIn, stateIn } from '../../identity/sign-in/sign-in.ts';
import type { LoginDeps } from '../basic-login.ts';
import { readJson } from '../json-body.ts';
import { type PageSessions, pageToken, requirePage, setCookie } from '../page-login.ts';
import { requireMethod } from '../require-method.ts';
import { setSignInCookie, signInCookie, withoutOldSignIns } from '../sign-in-cookie.ts';
import type { AppState } from '../state.ts';

export interface PageSignInDeps extends Pick<LoginDeps, 'loginFailed'> {
  readonly signIn: SignIn;
  readonly sessions: PageSessions;
  /** How long somebody stays signed in. */
  readonly lastsMs: number;
  readonly bodyTimeoutMs: number;
  /** The address that issuers know of. */
  readonly publicUrl: string;
}

const BODY_LIMIT = 8_192;
/** In characters. Codes have some hundreds. */
const QUERY_LIMIT = 8_192;

const wanted = { schema: z.strictObject({ returnTo: z.string().max(4096) }), limit: BODY_LIMIT };

/** What the log calls each refusal. Who did not want to has not failed. */
const ERRORS: Readonly<Record<Refusal, ErrorName>> = {
  elsewhere: 'CREDENTIALS_REFUSED',
  refused: 'CREDENTIALS_REFUSED',
  declined: 'CREDENTIALS_REFUSED',
  unavailable: 'ISSUER_UNAVAILABLE',
  limited: 'TOO_MANY_REQUESTS',
};

/** By the page's own script alone: a link or form elsewhere begins nothing in somebody's name. */
export function beginSignIn(deps: PageSignInDeps): Middleware<AppState> {
  return async function beginSignInRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'page-sign-in';
    ctx.set('Cache-Control', 'no-store');
    requireMethod(ctx.method, 'POST');
    requirePage(exchange);
    requireConfidential(exchange);
    const { returnTo } = await readJson(exchange, wanted, deps.bodyTimeoutMs);
    requirePublicUrl(exchange, deps.publicUrl);
    const { issuer } = ctx['params'] as { readonly issuer: string };
    const begun = await deps.signIn.begin({ issuer, returnTo, before: pageToken(exchange) });
    if (begun === undefined)
      throw new WardenError('ROUTE_UNKNOWN', { sentence: 'there is no such issuer to sign in with' });
    const seconds = Math.floor(SIGN_IN_MS / 1000);
    ctx.set('Set-Cookie', [
      ...withoutOldSignIns(exchange),
      setSignInCookie(exchange.client, begun.state, begun.sealed, seconds),
    ]);
    ctx.body = { address: begun.address };
  };
}

/** Whoever comes here looks at a browser, so a refusal leads to the page, which says it in words. */
export function finishSignIn(deps: PageSignInDeps): Middleware<AppState> {
  const { signIn, sessions, lastsMs, publicUrl, loginFailed } = deps;
  return async function finishSignInRoute(ctx) {
    const { exchange, summary } = ctx.state;
    const { client, request } = exchange;
    summary.route = 'page-sign-in';
    ctx.set('Cache-Control', 'no-store');
    // The address holds a code.
    ctx.set('Referrer-Policy', 'no-referrer');
    requireMethod(ctx.method, 'GET');
    requireConfidential(exchange);
    const { issuer } = ctx['params'] as { readonly issuer: string };
    const query = ctx.querystring;
    if (query.length > QUERY_LIMIT) throw new WardenError('TARGET_TOO_LONG');
    const state = stateIn(query);
    const sealed = state !== undefined && isNavigation(exchange) ? signInCookie(exchange, state) : undefined;
    // What other tabs have begun goes on.
    const over = state === undefined ? [] : [setSignInCookie(client, state, '', 0)];
    const found = await signIn.finish({ issuer, query, sealed, address: client.address });
    if (!found.ok) {
      const { refusal, why } = found;
      const reason = ERRORS[refusal];
      summary.error = reason;
      // Anybody can ask for the first, as often as they like, and the second is nobody's fault.
      const level = refusal === 'elsewhere' || refusal === 'declined' ? 'info' : 'warn';
      exchange.log[level]({ issuer: known(signIn, issuer), why }, 'a sign-in by an issuer is refused');
      if (refusal !== 'declined' && refusal !== 'unavailable')
        loginFailed({
          user: { exists: false, method: 'oidc', kind: 'person' },
          ...{ client, userAgent: request.headers['user-agent'], reason },
        });
      if (refusal !== 'elsewhere') ctx.set('Set-Cookie', over);
      ctx.redirect(`${publicUrl}/ui/?${new URLSearchParams({ signIn: refusal, request: exchange.id })}`);
      ctx.status = 303;
      return;
    }
    const { subject, credential, returnTo, before } = found;
    summary.subject = subject.name;
    // The cookie of a session does not come along from another site; the one before is not left behind all the same.
    if (before !== undefined) await sessions.end(before);
    const started = await sessions.start({
      ...{ subject, credential, account: subject.name, address: client.address, lastsMs },
    });
    ctx.set('Set-Cookie', [...over, setCookie(client, started, Math.floor(lastsMs / 1000))]);
    ctx.redirect(`${publicUrl}${returnTo}`);
    ctx.status = 303;
  };
}

/** @throws {WardenError} CREDENTIALS_EXPOSED */
function requireConfidential({ client }: Exchange): void {
  if (!client.confidential) throw new WardenError('CREDENTIALS_EXPOSED');
}

/** The issuer sends browsers back to one address, and a cookie of another host would not come along. */
function requirePublicUrl({ request, client }: Exchange, publicUrl: string): void {
  const asked = request.headers.origin ?? `${client.proto}://${request.headers.host}`;
  if (asked === publicUrl) return;
  throw new WardenError('REQUEST_MALFORMED', {
    sentence: `this way of signing in works at ${publicUrl}/ui/ alone`,
  });
}

/** As far as the browser says: nothing that a page loads, and no script, finishes a sign-in. */
function isNavigation({ request }: Exchange): boolean {
  const dest = request.headers['sec-fetch-dest'];
  const mode = request.headers['sec-fetch-mode'];
  return (dest === undefined || dest === 'document') && (mode === undefined || mode === 'navigate');
}

/** Nothing of what strangers write into an address. */
function known({ issuers }: SignIn, name: string): string | undefined {
  return issuers.find((one) => one.name === name)?.name;
}
