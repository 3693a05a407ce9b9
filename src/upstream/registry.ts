/**
 * The connection to the registry: single requests with Warden's own token, and the look-ups that decisions need.
 *
 * The registry is trusted to store what it says it stored, and not with anything that reaches a client unread.
 */
import http, { type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { WardenError } from '../errors.ts';
import { collect } from './collect.ts';
import { createFastLane, type FastLane } from './fast-lane.ts';
import { limitConnecting } from './limit-connecting.ts';
import { createLookUps, type LookUps } from './look-ups.ts';
import { NoAnswer } from './no-answer.ts';
import { NotSent } from './not-sent.ts';
import { readAfterReset } from './read-after-reset.ts';
import type { Answer, Send, SignUpstream } from './send.ts';

export interface RegistryOptions {
  readonly url: URL;
  readonly sign: SignUpstream;
  /** How long the registry may take until the head of its answer, for what has no body. */
  readonly responseTimeoutMs: number;
  /** How long a connection may take to be made, its TLS handshake included. As long as an answer unless given. */
  readonly connectTimeoutMs?: number;
  /**
   * Connections that are open at once, of each of three kinds: pulls, other requests without a body, requests with one.
   * Beyond them requests wait, as long as the registry may take to answer. 2048 unless given.
   */
  readonly connections?: number;
}

/** Twice what one client address has under way at most (see http/server), so that no single one takes all. */
const CONNECTIONS = 2048;

export interface Registry extends LookUps {
  readonly url: URL;
  /** Undefined where the registry speaks TLS. */
  readonly lane: FastLane | undefined;
  /** Opens the request; the caller handles its events. Framing and authorization are set here and nowhere else. */
  open(send: Send): ClientRequest;
  /**
   * One request and its whole answer, without repetition: the way of everything that changes the registry.
   * Rejects with Node's own error when the answer did not come whole: what was done is then unknown; with NotSent where
   * nothing was.
   */
  exchange(send: Send, bounds: { readonly limitBytes: number; readonly timeoutMs: number }): Promise<Answer>;
  /** One request that changes nothing, and its whole answer. @throws {WardenError} REGISTRY_UNAVAILABLE */
  ask(send: Send, limitBytes: number): Promise<Answer>;
  close(): void;
}

export function createRegistry({
  url,
  sign,
  responseTimeoutMs,
  connectTimeoutMs = responseTimeoutMs,
  connections = CONNECTIONS,
}: RegistryOptions): Registry {
  const client = url.protocol === 'https:' ? https : http;
  const agent = new client.Agent({
    keepAlive: true,
    maxSockets: connections,
    maxFreeSockets: 32,
  });
  // A request with a body can not be repeated when a kept connection turns out to be dead, so it gets a fresh one. So does
  // a deletion, of which nobody could say whether it was carried out.
  const fresh = new client.Agent({ keepAlive: false, maxSockets: connections });

  function headersOf(send: Send): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = { ...send.headers };
    headers['authorization'] = `Bearer ${sign(send.subject, send.access)}`;
    if (send.body === 'none') {
      if (!['GET', 'HEAD', 'DELETE'].includes(send.method)) headers['content-length'] = 0;
    } else if ('bytes' in send.body) headers['content-length'] = send.body.bytes.length;
    else if (send.body.stream === 'chunked') headers['transfer-encoding'] = 'chunked';
    else headers['content-length'] = send.body.stream;
    return headers;
  }
  const lane =
    url.protocol === 'http:'
      ? createFastLane({ url, headersOf, connectTimeoutMs, limit: connections })
      : undefined;

  function open(send: Send): ClientRequest {
    const request = client.request({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port,
      method: send.method,
      path: send.target,
      headers: headersOf(send),
      agent: send.body === 'none' && send.method !== 'DELETE' ? agent : fresh,
    });
    const connected = url.protocol === 'https:' ? 'secureConnect' : 'connect';
    limitConnecting(request, connected, connectTimeoutMs);
    if (send.body !== 'none') request.once('socket', readAfterReset);
    if (send.body !== 'none' && 'stream' in send.body) return request;
    const body = send.body === 'none' ? undefined : send.body.bytes;
    const { still } = send;
    if (still === undefined) return request.end(body);
    // Nothing is written before: until then it can be taken back.
    const go = (): void =>
      void (still() ? request.end(body) : request.destroy(new NotSent('it came too late')));
    request.once('socket', (socket) => {
      if (socket.connecting) socket.once(connected, go);
      else go();
    });
    return request;
  }

  /** For look-ups: the whole answer, bounded, with one repetition when a kept connection had died. */
  async function ask(send: Send, limitBytes: number): Promise<Answer> {
    for (let attempt = 1; ; attempt++) {
      const request = open(send);
      try {
        return await collect(request, limitBytes, responseTimeoutMs);
      } catch (cause) {
        if (attempt === 1 && request.reusedSocket && !(cause instanceof NoAnswer)) continue;
        throw new WardenError('REGISTRY_UNAVAILABLE', { cause });
      }
    }
  }

  return {
    url,
    lane,
    open,
    exchange: (send, { limitBytes, timeoutMs }) => collect(open(send), limitBytes, timeoutMs),
    ask,
    ...createLookUps(ask, url.origin),
    close() {
      agent.destroy();
      fresh.destroy();
      lane?.close();
    },
  };
}
