/** One request and its answer, from the first byte of the head to the last of the body. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WardenError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { drainBody } from '../upstream/drain.ts';

/** Where a request comes from, as the socket and the listed proxies have it. Addresses are canonical text. */
export interface Client {
  /** What policy judges: the socket's peer, or what a listed proxy says. */
  readonly address: string;
  /** The socket's peer. */
  readonly peer: string;
  /** The X-Forwarded-For chain as received, left to right; empty when there was none. Not to be trusted as a whole. */
  readonly forwarded: readonly string[];
  readonly viaProxy: boolean;
  readonly proto: 'http' | 'https';
  /** False where a password or token sent along could have been read on the way. */
  readonly confidential: boolean;
  /** Undefined where none was shown, or none that holds. */
  readonly certificate?: ClientCertificate | undefined;
}

/** Proven by whoever ended the client's TLS: Warden itself, or a listed proxy. */
export interface ClientCertificate {
  /** DNS names of machines, in lower case. */
  readonly names: readonly string[];
  /** Of its DER form, in lower-case hexadecimal digits. */
  readonly sha256: string;
  /** Of the connection that it was shown on; undefined where a proxy ended it. */
  readonly tlsVersion: string | undefined;
}

export interface Exchange {
  /** Ours; in the log, in the answer's X-Request-Id, in refusals ("decision …") and in the registry's log. */
  readonly id: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly client: Client;
  readonly log: Log;
  /** Monotonic milliseconds. */
  readonly started: number;
  /** True when the client waits for `100 Continue` before it sends its body. */
  readonly expectsContinue: boolean;
}

/** Facts that are known by the end of a request and go into its one log line and the metrics. */
export interface Summary {
  route: string;
  subject?: string;
  repository?: string;
  tag?: string;
  action?: string;
  rules?: readonly string[];
  error?: string;
  bytesIn: number;
  bytesOut: number;
  /** How the body left past Warden, and its bytes as far as they were asked for; whether they arrived is not seen here. */
  offload?: 'accel' | 'redirect';
  offloadedBytes?: number;
}

export const CLIENT_ID_LENGTH = 64;

/** A new request id: 64 random bits, short enough to be read out on the telephone. */
export function newRequestId(): string {
  // Random in its first and last digits, and eight times as cheap as randomBytes: Node makes them in batches.
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
}

/** The client's own id, cut and reduced to printable ASCII; it is logged beside ours and means nothing. */
export function clientRequestId(request: IncomingMessage): string | undefined {
  const id = request.headers['x-request-id'];
  return typeof id === 'string' ? id.slice(0, CLIENT_ID_LENGTH).replace(/[^\x21-\x7e]/g, '?') : undefined;
}

/**
 * Answers with one error in the registry's form, whatever was thrown.
 *
 * A WardenError is an outcome; anything else is a defect, which the log gets whole and the client as a sentence with
 * the request's id.
 *
 * @param named where no registry client asks: the answer names the error, by which a program can go.
 * @returns the error as it was answered.
 */
export function answerError(
  exchange: Pick<Exchange, 'id' | 'request' | 'response' | 'log' | 'expectsContinue'>,
  thrown: unknown,
  named = false,
): WardenError {
  const { id, request, response, log } = exchange;
  const error = isWardenError(thrown)
    ? thrown
    : new WardenError('INTERNAL', { sentence: `internal error; the log has it under ${id}`, cause: thrown });
  // Where the client went away first, what broke off upstream is its doing: nobody need be woken for it.
  const gone = response.destroyed && isWardenError(thrown);
  if (gone) log.debug({ error: error.name, err: error.cause ?? thrown }, 'the client went away');
  else if (error.status >= 500)
    log.error({ error: error.name, err: error.cause ?? thrown }, 'could not be answered');
  if (response.headersSent) {
    // Half an answer must not look like a whole one.
    response.destroy();
    return error;
  }
  const body = Buffer.from(JSON.stringify(named ? error.toNamedBody() : error.toBody()));
  response.writeHead(error.status, {
    ...error.headers,
    ...(error.status === 503 && { 'Retry-After': '5' }),
    'Content-Type': 'application/json',
    'Content-Length': body.length,
    // What was refused before it was read cannot be followed by another request on the same connection.
    ...(!request.complete && { Connection: 'close' }),
  });
  if (request.method === 'HEAD' || request.complete || exchange.expectsContinue) response.end(body);
  else {
    response.write(body);
    drainBody(request).then(
      () => response.end(),
      () => response.destroy(),
    );
  }
  return error;
}

/** Two copies of the class may meet (an installed package beside a checkout), so the form is looked at, not the identity. */
export function isWardenError(thrown: unknown): thrown is WardenError {
  return typeof (thrown as WardenError | undefined)?.toBody === 'function';
}
