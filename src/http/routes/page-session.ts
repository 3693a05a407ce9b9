/** GET, POST and DELETE /ui/session: who is signed in to the page, signing in, signing out. */
import type { Middleware } from 'koa';
import { z } from 'zod';
import { WardenError } from '../../errors.ts';
import type { Exchange } from '../../gate/exchange.ts';
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
}

/** In bytes. */
const BODY_LIMIT = 8_192;

const credentials = z.strictObject({ user: z.string().min(1).max(1024), password: z.string().max(4096) });

export function pageSession(deps: PageSessionDeps): Middleware<AppState> {
  return async function pageSessionRoute(ctx) {
    const { exchange, summary } = ctx.state;
    summary.route = 'page-session';
    ctx.set('Cache-Control', 'no-store');
    const token = pageToken(exchange);
    switch (ctx.method) {
      case 'GET': {
        const subject = token === undefined ? undefined : await deps.sessions.use(token, exchange.client);
        ctx.body = shown(subject);
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
        ctx.body = shown(login.subject);
        return;
      }
      case 'DELETE':
        requirePage(exchange);
        if (token !== undefined) await deps.sessions.end(token);
        ctx.set('Set-Cookie', setCookie(exchange.client, '', 0));
        ctx.set('Clear-Site-Data', '"cache"');
        ctx.status = 204;
        return;
      default:
        requireMethod(ctx.method, 'GET', 'POST', 'DELETE');
    }
  };
}

async function signIn(deps: PageSessionDeps, exchange: Exchange) {
  const typed = await readJson(exchange, credentials, deps.bodyTimeoutMs, BODY_LIMIT);
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

/** What the page may know of whom it belongs to. */
function shown(subject: Subject | undefined): object {
  if (subject === undefined) return { providers: [] };
  const { name, kind, groups } = subject;
  return { user: { name, kind, groups }, providers: [] };
}
