/**
 * The application beside the gate and the token endpoint: the API and the page. The order of the list is the security model.
 *
 * `proxy` stays off: Koa's own reading of X-Forwarded-For takes the leftmost entry, which the client writes. Who asks from
 * where stands in the exchange.
 */
import Router from '@koa/router';
import Koa, { type Middleware } from 'koa';
import { printableJson } from '../audit/printable.ts';
import { WardenError } from '../errors.ts';
import { answerError, type Exchange, type Summary } from '../gate/exchange.ts';
import type { Log } from '../telemetry/log.ts';
import type { Jwks } from '../token/jwks.ts';
import { OPERATIONS, type OperationId } from './api/operations.ts';
import { type Handler, serveOperations } from './api/serve.ts';
import { requireOneAuthorization } from './one-authorization.ts';
import type { PageFiles } from './page-files.ts';
import type { PageSessions } from './page-login.ts';
import { type AttestationsDeps, attestationHandlers } from './routes/attestations.ts';
import { type AuditDeps, questionHandlers } from './routes/audit.ts';
import { type EventsDeps, events } from './routes/events.ts';
import { type GrantsDeps, grantHandlers } from './routes/grants.ts';
import { publishKeys } from './routes/jwks.ts';
import { type LogDeps, logHandlers } from './routes/log.ts';
import { describeApi } from './routes/openapi.ts';
import { page, toPage } from './routes/page.ts';
import { type PageSessionDeps, pageSession } from './routes/page-session.ts';
import { beginSignIn, finishSignIn, type PageSignInDeps } from './routes/page-sign-in.ts';
import { type PolicyDeps, policyHandlers } from './routes/policy.ts';
import { type ReconciliationDeps, reconciliationHandlers } from './routes/reconciliation.ts';
import { type RevokeTokenDeps, revokeToken } from './routes/revoke-token.ts';
import { type RobotsDeps, robotHandlers } from './routes/robots.ts';
import { type SessionsDeps, sessionHandlers } from './routes/sessions.ts';
import { type StatusDeps, status } from './routes/status.ts';
import type { AppState } from './state.ts';

export interface AppDeps {
  readonly audit: AuditDeps;
  readonly events: EventsDeps;
  readonly status: StatusDeps;
  readonly policy: PolicyDeps;
  readonly sessions: SessionsDeps;
  readonly revokeToken: RevokeTokenDeps;
  readonly reconciliation: ReconciliationDeps;
  readonly signedLog: LogDeps;
  /** Undefined where the page is switched off. */
  readonly page:
    | {
        readonly files: PageFiles | undefined;
        readonly sessions: PageSessions;
        readonly session: PageSessionDeps;
        /** Undefined where people sign in with passwords alone. */
        readonly signIn: PageSignInDeps | undefined;
      }
    | undefined;
  readonly robots: RobotsDeps;
  readonly grants: GrantsDeps;
  /** Undefined where none are made. */
  readonly attestations: AttestationsDeps | undefined;
  /** The public keys of clients' tokens. */
  readonly keys: () => Jwks;
  readonly log: Log;
}

/** Answers one exchange. Errors have been answered when it returns. */
export type App = (exchange: Exchange, summary: Summary) => Promise<void>;

export function createApp(deps: AppDeps): App {
  const koa = new Koa<AppState>({ proxy: false });
  // Koa prints what a socket does on its own; the log has it with the request's id.
  koa.on('error', (error: unknown) => deps.log.debug({ err: error }, 'the client went away'));
  koa.use(answerErrors());
  koa.use(refuseDoubleAuthorization());
  koa.use(answerInPrintableJson());
  const router = new Router<AppState>({ sensitive: true, strict: true });
  serveOperations(router, OPERATIONS, handlersOf(deps));
  if (deps.page) {
    router.all('/ui/session', pageSession(deps.page.session));
    if (deps.page.signIn) {
      router.all('/ui/sign-in/:issuer', beginSignIn(deps.page.signIn));
      router.all('/ui/signed-in/:issuer', finishSignIn(deps.page.signIn));
    }
    router.all('/ui', toPage());
    router.all('/ui/{*view}', page(deps.page.files));
  }
  koa.use(router.routes());
  koa.use(function notFound() {
    throw new WardenError('ROUTE_UNKNOWN');
  });

  // Koa makes a new context for each request; the exchange is handed over by the request it belongs to.
  const handed = new WeakMap<object, AppState>();
  koa.middleware.unshift(function adopt(ctx, next) {
    const state = handed.get(ctx.req);
    if (state === undefined) throw new WardenError('INTERNAL');
    ctx.state = state;
    return next();
  });
  const handle = koa.callback();
  return async function app(exchange, summary) {
    handed.set(exchange.request, { exchange, summary });
    await handle(exchange.request, exchange.response);
  };
}

/** One for each operation, and none besides. */
function handlersOf(deps: AppDeps): Readonly<Record<string, Handler>> {
  const named: Readonly<Record<OperationId, Handler>> = {
    revokeToken: revokeToken(deps.revokeToken),
    publishKeys: publishKeys(deps.keys),
    followRecord: events(deps.events),
    describeApi: describeApi(),
    showStatus: status(deps.status),
    ...robotHandlers(deps.robots),
    ...grantHandlers(deps.grants),
    ...sessionHandlers(deps.sessions),
    ...policyHandlers(deps.policy),
    ...logHandlers(deps.signedLog),
    ...reconciliationHandlers(deps.reconciliation),
    ...(deps.attestations ? attestationHandlers(deps.attestations) : NO_ATTESTATIONS),
  };
  return { ...questionHandlers(deps.audit), ...named };
}

const NO_ATTESTATIONS = {
  attest: undefined,
  attachAttestations: undefined,
  findAttestations: undefined,
  attestationKey: undefined,
};

function answerErrors(): Middleware<AppState> {
  return async function answerErrorsMiddleware(ctx, next) {
    // What people have written stands in many answers: no browser is to guess that one is a page.
    ctx.set('X-Content-Type-Options', 'nosniff');
    try {
      await next();
    } catch (thrown) {
      ctx.respond = false;
      ctx.state.summary.error = answerError(ctx.state.exchange, thrown, true).name;
    }
  };
}

/** Answers are read in terminals too, which obey some characters that JSON lets stand. */
function answerInPrintableJson(): Middleware<AppState> {
  return async function answerInPrintableJsonMiddleware(ctx, next) {
    await next();
    const { body } = ctx;
    const isPlain =
      Array.isArray(body) || (typeof body === 'object' && body !== null && body.constructor === Object);
    if (!isPlain) return;
    ctx.body = printableJson(body);
  };
}

function refuseDoubleAuthorization(): Middleware<AppState> {
  return async function refuseDoubleAuthorizationMiddleware(ctx, next) {
    requireOneAuthorization(ctx.req);
    await next();
  };
}
