/** GET, POST and DELETE /ui/session: who is signed in to the page, signing in, signing out. */
import type { Middleware } from 'koa';
import { z } from 'zod';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
import type { SignIn } from '../../identity/sign-in/sign-in.ts';
import type { Subject } from '../../policy/facts.ts';
import { type LoginDeps, loginWithPassword } from '../basic-login.ts';
import { readJson } from '../json-body.ts';
import { type PageSessions, pageToken, requirePage, setCookie } from '../page-login.ts';
import { requireMethod } from '../require-method.ts';
import type { AppState } from '../state.ts';

export interface PageSessionDeps extends LoginDeps {
  readonly sessions: PageSessions;
  /** How long somebody stays signed in. */
  readonly lastsMs: number;
  readonly bodyTimeoutMs: number;
  /** Undefined where people sign in with passwords alone. */
  readonly signIn: Pick<SignIn, 'issuers' | 'endSession'> | undefined;
}

const credentials = {
  schema: z.strictObject({ user: z.string().min(1).max(1024), password: z.string().max(4096) }),
  /** In bytes. */
  limit: 8_192,
};

export function pageSession(deps: PageSessionDeps): Middleware<AppState> {
  return async function pageSessionRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'page-session';
    ctx.set('Cache-Control', 'no-store');
    const token = pageToken(exchange);
    switch (ctx.method) {
      case 'GET': {
        const subject = token === undefined ? undefined : await deps.sessions.use(token, exchange.client);
        ctx.body = shown(deps, subject);
        return;
      }
      case 'POST': {
        requirePage(exchange);
        const login = await signIn(deps, exchange);
        summary.subject = login.subject.name;
        // The one before is not left behind, whoever it was of.
        if (token !== undefined) await deps.sessions.end(token);
        const { address } = exchange.client;
        const started = await deps.sessions.start({ ...login, address, lastsMs: deps.lastsMs });
        ctx.set('Set-Cookie', setCookie(exchange.client, started, Math.floor(deps.lastsMs / 1000)));
        ctx.body = shown(deps, login.subject);
        return;
      }
      case 'DELETE':
        requirePage(exchange);
        await signOut(deps, ctx, token);
        return;
      default:
        requireMethod(ctx.method, 'GET', 'POST', 'DELETE');
    }
  };
}

async function signIn(deps: PageSessionDeps, exchange: Exchange) {
  const typed = await readJson(exchange, credentials, deps.bodyTimeoutMs);
  const { client, request } = exchange;
  const presented = { client, authorization: undefined, userAgent: request.headers['user-agent'] };
  const login = await loginWithPassword(deps, presented, typed);
  // A credential of a machine in a browser is one that has leaked, or soon will.
  if (login.subject.kind !== 'person')
    throw new WardenError('CREDENTIALS_REFUSED', {
      sentence: 'the page is for people; machines use the API',
    });
  return login;
}

/** Here in any case; where the issuer offers it, the answer says where to sign out there. */
async function signOut(
  { sessions, signIn: issuers }: PageSessionDeps,
  ctx: Parameters<Middleware<AppState>>[0],
  token: string | undefined,
): Promise<void> {
  const name = token === undefined ? undefined : await sessions.end(token);
  ctx.set('Set-Cookie', setCookie(ctx.state.exchange.client, '', 0));
  ctx.set('Clear-Site-Data', '"cache"');
  const address = name === undefined ? undefined : await issuers?.endSession(name);
  if (address === undefined) ctx.status = 204;
  else ctx.body = { address };
}

/** What the page may know of whom it belongs to, and the ways to sign in that it can offer. */
function shown({ signIn: issuers }: PageSessionDeps, subject: Subject | undefined): object {
  const providers = (issuers?.issuers ?? []).map(({ name, title }) => ({
    name: title,
    href: `/ui/sign-in/${name}`,
  }));
  if (subject === undefined) return { providers };
  const { name, kind, groups } = subject;
  return { user: { name, kind, groups }, providers };
}
