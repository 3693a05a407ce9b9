/**
 * The token endpoint: who asks, what of it policy could grant, a signed answer.
 *
 * It refuses only failed authentication; a smaller grant than was asked is 200. What policy refuses is said at the gate,
 * where the person reads it.
 */
import { WardenError } from '../../errors.ts';
import { answerJson } from '../../gate/answer-json.ts';
import type { Client, Exchange, Summary } from '../../gate/exchange.ts';
import { readBody } from '../../gate/read-body.ts';
import { plainMediaType } from '../../protocol/manifest.ts';
import type { Scope } from '../../protocol/scope.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { createBoundedMap } from '../../token/bounded-map.ts';
import {
  type LoggedIn,
  type LoginDeps,
  loginWithHeader,
  loginWithPassword,
  type Presented,
} from '../basic-login.ts';
import { requireOneAuthorization } from '../one-authorization.ts';
import { requireMethod } from '../require-method.ts';
import { readTokenForm, readTokenQuery, type TokenRequest } from '../token-request.ts';

export interface TokenDeps extends LoginDeps {
  /** The audiences that tokens are issued for: the registry's, and the API's. */
  readonly services: { readonly registry: string; readonly api: string };
  readonly sign: (
    facts: Pick<LoggedIn, 'subject' | 'via' | 'authenticatedAt' | 'notAfter'> & {
      readonly audience: string;
      readonly address: string;
      readonly scopes: readonly Scope[];
    },
  ) => {
    readonly token: string;
    readonly expiresInSeconds: number;
    readonly scope: string;
    /** Whether who asks the same of `sign` in the same moment gets the same token: what cannot write. */
    readonly shared: boolean;
  };
  /** The same object as long as all is the same that tokens depend on besides who asks for what: second, policy, keys. */
  readonly moment: () => object;
  /** Absent where sessions are switched off. */
  readonly sessions:
    | {
        readonly start: (
          facts: LoggedIn & {
            readonly service: string;
            readonly address: string;
            readonly clientId: string | undefined;
          },
        ) => Promise<{ readonly token: string; readonly id: string }>;
        /**
         * Who it is as they are now; undefined for a token that is unknown, expired, revoked, of another service, or
         * whose password changed; `elsewhere` for one that is bound to another place.
         */
        readonly use: (
          token: string,
          service: string,
          client: Client,
        ) => Promise<Omit<LoggedIn, 'account' | 'credential'> | 'elsewhere' | undefined>;
      }
    | undefined;
  /** For the whole of a form. */
  readonly bodyTimeoutMs: number;
  readonly metrics: Metrics;
}

/** In bytes. A hundred scopes of the longest names fit. */
const FORM_LIMIT = 65_536;

const HEADERS = { 'Cache-Control': 'no-store' };
/** Answers that are remembered, and the characters of the request that each is remembered by. */
const REMEMBER_LIMIT = 1_000;
const REMEMBER_LENGTH = 1_024;

/**
 * GET and POST /token.
 *
 * A fleet that deploys asks the same without credentials again and again. What it is answered stays the same until the
 * second, the policy or the keys change, so it is made once in each of these.
 *
 * @returns the handler; it throws what is to be answered as an error, and has answered otherwise.
 */
export function tokenEndpoint(deps: TokenDeps): (exchange: Exchange, summary: Summary) => Promise<void> {
  let moment: object | undefined;
  let recent = createBoundedMap<Buffer>(REMEMBER_LIMIT);

  return async function tokenRoute(exchange, summary) {
    const { request, response, client } = exchange;
    summary.route = 'token';
    // Errors quote what was asked: no browser is to guess that one is a page.
    response.setHeader('X-Content-Type-Options', 'nosniff');
    requireOneAuthorization(request);
    const target = request.url ?? '';
    const anonymous = request.method === 'GET' && request.headers.authorization === undefined;
    const key = anonymous ? `${client.address} ${target}` : '';
    if (moment !== deps.moment()) {
      moment = deps.moment();
      recent = createBoundedMap(REMEMBER_LIMIT);
    }
    const known = recent.get(key);
    if (known !== undefined) {
      summary.subject = '';
      deps.metrics.token('header', 'granted');
      return answerJson(exchange, known, HEADERS);
    }
    const { body, shared } = await answerTo(deps, exchange, summary, queryOf(target));
    if (anonymous && shared && key.length <= REMEMBER_LENGTH) recent.set(key, body);
    answerJson(exchange, body, HEADERS);
  };
}

async function answerTo(
  deps: TokenDeps,
  exchange: Exchange,
  summary: Summary,
  query: string,
): Promise<{ readonly body: Buffer; readonly shared: boolean }> {
  const asked = await readAsked(deps, exchange, query);
  const { registry, api } = deps.services;
  if (asked.service !== registry && asked.service !== api) {
    throw new WardenError('SERVICE_UNKNOWN', {
      sentence: `this token server serves ${registry}, and no other service`,
    });
  }
  const grant = asked.credentials.kind;
  let found: LoggedIn;
  try {
    found = await identify(deps, exchange, asked);
  } catch (error) {
    deps.metrics.token(grant, (error as WardenError).name === 'TOO_MANY_REQUESTS' ? 'limited' : 'refused');
    throw error;
  }
  const { subject } = found;
  summary.subject = subject.name;
  // Before the token, which says of which session it is.
  const refresh = await refreshToken(deps, exchange, asked, found);
  const signed = deps.sign({
    ...found,
    via: { ...found.via, ...(refresh?.id !== undefined && { session: refresh.id }) },
    audience: asked.service,
    address: exchange.client.address,
    scopes: asked.service === registry ? asked.scopes : [],
  });
  deps.metrics.token(grant, 'granted');
  // Without issued_at: docker adds expires_in to it on its own clock, and one that is behind keeps using dead tokens.
  const body = {
    token: signed.token,
    access_token: signed.token,
    expires_in: signed.expiresInSeconds,
    scope: signed.scope,
    ...(refresh && { refresh_token: refresh.token }),
  };
  return { body: Buffer.from(JSON.stringify(body)), shared: signed.shared };
}

/** What stands behind the first question mark. */
function queryOf(target: string): string {
  const at = target.indexOf('?');
  return at === -1 ? '' : target.slice(at + 1);
}

async function readAsked(
  { bodyTimeoutMs }: TokenDeps,
  { request, expectsContinue, response }: Exchange,
  query: string,
): Promise<TokenRequest> {
  if (request.method === 'GET') return readTokenQuery(query);
  requireMethod(request.method ?? '', 'GET', 'POST');
  if (request.headers.authorization !== undefined) {
    throw new WardenError('REQUEST_MALFORMED', {
      sentence: 'a POST carries its credentials in the form, not in a header',
    });
  }
  if (plainMediaType(request.headers['content-type']) !== 'application/x-www-form-urlencoded') {
    throw new WardenError('BODY_TYPE_REFUSED', {
      sentence: 'the body must be application/x-www-form-urlencoded',
    });
  }
  if (expectsContinue) response.writeContinue();
  return readTokenForm((await readBody(request, FORM_LIMIT, bodyTimeoutMs)).toString('utf8'));
}

async function identify(
  deps: TokenDeps,
  exchange: Exchange,
  { credentials, service }: TokenRequest,
): Promise<LoggedIn> {
  const { request, client } = exchange;
  const presented: Presented = {
    client,
    authorization: request.headers.authorization,
    userAgent: request.headers['user-agent'],
  };
  if (credentials.kind === 'password') return loginWithPassword(deps, presented, credentials);
  if (credentials.kind === 'refresh') {
    if (!client.confidential) throw new WardenError('CREDENTIALS_EXPOSED');
    const found = await deps.sessions?.use(credentials.token, service, client);
    if (found === undefined || found === 'elsewhere') {
      const sentence =
        found === undefined
          ? 'the login has ended; log in again'
          : 'a login is good only near the address where it was made; log in here again';
      throw new WardenError('CREDENTIALS_REFUSED', { sentence });
    }
    return { ...found, credential: '', account: found.subject.name };
  }
  const found = await loginWithHeader(deps, presented);
  // Who is recorded is who authenticated: a second name that differs is a mistake or a try to be taken for another.
  const named = credentials.account;
  if (named !== undefined && found.subject.name !== '' && named !== found.account) {
    throw new WardenError('REQUEST_MALFORMED', {
      sentence: 'the parameter account differs from the user that logged in',
    });
  }
  return found;
}

/**
 * A refresh token: the same one again for a refresh, a new one for a login that asks for it. None for the anonymous, and
 * none for builds and grants: a login must not outlive the id token or the job that it was made with.
 */
async function refreshToken(
  deps: TokenDeps,
  exchange: Exchange,
  { credentials, offline, service, clientId }: TokenRequest,
  found: LoggedIn,
): Promise<{ readonly token: string; readonly id?: string } | undefined> {
  if (credentials.kind === 'refresh') return { token: credentials.token };
  const { kind } = found.subject;
  if (!offline || deps.sessions === undefined || kind === 'anonymous' || kind === 'build') return undefined;
  if (found.subject.method === 'grant') return undefined;
  return deps.sessions.start({ ...found, service, address: exchange.client.address, clientId });
}
