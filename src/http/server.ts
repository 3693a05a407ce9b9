/**
 * The listener that clients see: one exchange for each request, handed to the gate or to the application, and one log
 * line at its end.
 *
 * Only the prefixes that the application owns go to it; everything else, in whatever spelling, is the gate's to classify.
 */
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TLSSocket, TlsOptions } from 'node:tls';
import { WardenError } from '../errors.ts';
import {
  answerError,
  type Client,
  clientRequestId,
  type Exchange,
  newRequestId,
  type Summary,
} from '../gate/exchange.ts';
import { networkOf } from '../policy/address.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type BoundDeps, boundConnections } from './bound-connections.ts';
import { createInTurn } from './in-turn.ts';
import { asksForUpgrade, refuseTunnels } from './no-other-protocol.ts';
import { createShares, type Shares } from './share-of-address.ts';

export interface ServerDeps extends BoundDeps {
  readonly gate: (exchange: Exchange, summary: Summary) => Promise<void>;
  readonly token: (exchange: Exchange, summary: Summary) => Promise<void>;
  readonly app: (exchange: Exchange, summary: Summary) => Promise<void>;
  /** Undefined where a listed proxy sent an address that cannot be read. */
  readonly readClient: (facts: {
    readonly peer: string;
    readonly encrypted: boolean;
    readonly forwardedFor: string | undefined;
    readonly forwardedProto: string | undefined;
    /** Undefined for plain HTTP. */
    readonly tls: TLSSocket | undefined;
    /** The value of any other header; several lines joined. */
    readonly header: (name: string) => string | undefined;
  }) => Client | undefined;
  readonly limits: Limits;
  readonly log: Log;
  readonly metrics: Metrics;
  /** PEM texts; absent for plain HTTP. */
  readonly tls:
    | {
        readonly cert: string;
        readonly key: string;
        /** Those whose certificates clients are asked for; undefined: no client is asked. */
        readonly ca: string | undefined;
      }
    | undefined;
}

export interface Limits {
  /** For a TLS handshake, and for the head of a request. */
  readonly headersTimeoutMs: number;
  /** Clients reuse connections after pauses; closing early looks like a reset to them. */
  readonly keepAliveMs: number;
  /** Without a byte taken of an answer. */
  readonly silenceMs: number;
  /** Under way at once for one client address: half of the connections to the registry (see upstream/registry). */
  readonly requestsOfAddress: number;
  /** Open at once, whatever they do or do not. */
  readonly connectionsOfAddress: number;
}

/** Of a request's head. Tokens of a few hundred scopes are large. */
const HEAD_BYTES = 65_536;
/** Who waits for the end of one answer: the steps of a request, each on its own. */
const LISTENERS = 20;
/** Milliseconds between two looks for heads that take too long. */
const CHECK_MS = 30_000;
const UNREADABLE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
const TOKEN = /^\/token(?:\?|$)/;
const APPLICATION =
  /^\/(?:token\/revoke|\.well-known\/jwks\.json|api\/v1\/(?:[A-Za-z0-9/@_-]|\.(?!\.))*|ui(?:\/(?:[A-Za-z0-9/_-]|\.(?!\.))*)?)(?:\?|$)/;

export function createWardenServer(deps: ServerDeps): Server {
  const { limits } = deps;
  const options = {
    maxHeaderSize: HEAD_BYTES,
    headersTimeout: limits.headersTimeoutMs,
    handshakeTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECK_MS, limits.headersTimeoutMs / 4),
    keepAliveTimeout: limits.keepAliveMs,
    // An upload takes as long as it takes; what ends it is silence (see upstream/forward).
    requestTimeout: 0,
    // Node answers a request without Host by itself; HTTP/1.0 clients are let in and judged like others.
    requireHostHeader: true,
  };
  const server = deps.tls
    ? createHttpsServer({ ...options, ...tlsOptions(deps.tls) })
    : createHttpServer(options);
  boundConnections(server, deps);
  const inTurn = createInTurn();
  server.setTimeout(limits.silenceMs, (socket) => {
    // A client that waits for an answer is silent by right. One that does not take what was written for it, or that asks
    // for nothing more, is not waited for.
    if (inTurn.isServing(socket) && socket.writableLength === 0) socket.setTimeout(limits.silenceMs);
    else socket.destroy();
  });
  const shares = createShares(limits.requestsOfAddress);
  server.on('request', inTurn.wrap(listener(deps, shares, false)));
  // Decide first: Node would otherwise ask for the body before anybody has looked at the head.
  server.on('checkContinue', inTurn.wrap(listener(deps, shares, true)));
  server.on('checkExpectation', (_request, response: ServerResponse) => response.writeHead(417).end());
  refuseTunnels(server, inTurn);
  // Before a handshake has ended there is nobody to answer: what is written would wait for its end, and hold the socket.
  server.prependListener('tlsClientError', (_error, socket: Duplex) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // A TLS hello on a plain port ends here: docker and buildkit need an answer to it before they try plain HTTP.
    const status = UNREADABLE[error.code ?? ''] ?? '400 Bad Request';
    // Behind the answers to what was asked before: in front of them it would be taken for the answer to another request.
    if (!socket.writable) socket.destroy();
    else inTurn.last(socket, () => socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`));
  });
  return server as Server;
}

/**
 * A client without a certificate, or with a bad one, is served like any other: whether one holds is judged for each
 * request, since it may be revoked while a connection or a session lasts.
 */
function tlsOptions({ cert, key, ca }: NonNullable<ServerDeps['tls']>): TlsOptions {
  return { cert, key, ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: false }) };
}

function listener(deps: ServerDeps, shares: Shares, expectsContinue: boolean): RequestListener {
  return function onRequest(request, response) {
    const id = newRequestId();
    const log = deps.log.child({ requestId: id });
    const started = performance.now();
    const peer = request.socket.remoteAddress;
    if (peer === undefined) {
      // Reset before it was looked at: there is nobody to answer, and no address to judge.
      log.debug('the client went away');
      response.destroy();
      return;
    }
    const summary: Summary = { route: 'none', bytesIn: 0, bytesOut: 0 };
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    response.setHeader('X-Request-Id', id);
    // Node's own pipeline alone has four; ten is where it begins to suspect a leak.
    response.setMaxListeners(LISTENERS);
    response.on('error', (error) => log.debug({ err: error }, 'the client went away'));
    request.on('error', (error) => log.debug({ err: error }, 'the client went away'));
    const closed = new Promise<void>((resolve) => response.once('close', () => resolve()));
    // What a transfer came to is known only after the last byte, so the line waits for the handler as well.
    const end = (handled: Promise<void>, client?: Client): void => {
      Promise.all([handled, closed]).then(
        () => finish(deps, { request, response, log, started, summary, client }),
        (error: unknown) => log.error({ err: error }, 'the end of a request could not be told'),
      );
    };

    const socket = request.socket as TLSSocket; // or a plain one, which is not encrypted
    const encrypted = socket.encrypted === true;
    const client = deps.readClient({
      peer,
      encrypted,
      tls: encrypted ? socket : undefined,
      header: (name) => headerText(request, name),
      forwardedFor: headerText(request, 'x-forwarded-for'),
      forwardedProto: headerText(request, 'x-forwarded-proto'),
    });
    const target = request.url ?? '';
    const named = APPLICATION.test(target);
    const refuse = (error: WardenError): void => {
      summary.error = answerError({ id, request, response, log, expectsContinue }, error, named).name;
      end(Promise.resolve(), client);
    };
    if (client === undefined) {
      const sentence = 'the proxy in front sent an X-Forwarded-For that is not a list of addresses';
      return refuse(new WardenError('REQUEST_MALFORMED', { sentence }));
    }
    const odd = oddVersion(request) ?? oddProtocol(request);
    if (odd) {
      const headers = { Connection: 'close' };
      return refuse(new WardenError('REQUEST_MALFORMED', { sentence: odd, headers }));
    }
    const share = networkOf(client.address);
    if (!shares.enter(share)) {
      const sentence = 'too many requests of your address are under way; try again';
      return refuse(new WardenError('TOO_MANY_REQUESTS', { sentence, headers: { 'Retry-After': '5' } }));
    }
    response.once('close', () => shares.leave(share));
    const exchange: Exchange = { id, request, response, client, log, started, expectsContinue };
    const handle = handlerOf(deps, target);
    const handled = handle(exchange, summary).catch((thrown: unknown) => {
      summary.error = answerError(exchange, thrown, named).name;
    });
    end(handled, client);
  };
}

function handlerOf({ token, app, gate }: ServerDeps, target: string): ServerDeps['gate'] {
  if (TOKEN.test(target)) return token;
  return APPLICATION.test(target) ? app : gate;
}

/** Node reads other versions like 1.1, and chunks of 1.0, which has none: a proxy in front may see another end of it. */
function oddVersion({ httpVersion, headers }: IncomingMessage): string | undefined {
  if (httpVersion === '1.1') return undefined;
  if (httpVersion !== '1.0') return 'the request is neither of HTTP/1.0 nor of HTTP/1.1';
  return headers['transfer-encoding'] === undefined
    ? undefined
    : 'a request of HTTP/1.0 has no transfer coding';
}

/** Upgrades could be ignored; but whoever asks for one means to go on in what is no HTTP. */
function oddProtocol(request: IncomingMessage): string | undefined {
  return asksForUpgrade(request) ? 'no other protocol is spoken here than HTTP/1.1' : undefined;
}

function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

interface Finished {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly log: Log;
  readonly started: number;
  readonly summary: Summary;
  readonly client: Client | undefined;
}

function finish(deps: ServerDeps, { request, response, log, started, summary, client }: Finished): void {
  const milliseconds = performance.now() - started;
  const { route, bytesIn, bytesOut } = summary;
  const status = response.headersSent ? response.statusCode : 0;
  deps.metrics.request({
    route,
    method: knownMethod(request.method),
    status,
    milliseconds,
    bytesIn,
    bytesOut,
  });
  // Every line has the same keys in the same order, and what is undefined is not written: objects of one shape are
  // written in a third of the time.
  log.info(
    {
      method: request.method,
      status,
      milliseconds: Math.round(milliseconds * 10) / 10,
      address: client?.address,
      peer: client?.peer === client?.address ? undefined : client?.peer,
      clientRequestId: clientRequestId(request),
      cut: response.writableFinished ? undefined : true,
      route,
      subject: summary.subject,
      repository: summary.repository,
      tag: summary.tag,
      action: summary.action,
      rules: summary.rules,
      error: summary.error,
      bytesIn,
      bytesOut,
      offload: summary.offload,
      offloadedBytes: summary.offloadedBytes,
    } satisfies Record<keyof Summary, unknown> & Record<string, unknown>,
    'request',
  );
}

/** A label must be bounded; a method is what the client wrote. */
function knownMethod(method: string | undefined): string {
  return ['GET', 'HEAD', 'PUT', 'POST', 'PATCH', 'DELETE'].includes(method ?? '') ? String(method) : 'other';
}
