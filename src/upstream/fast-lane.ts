/**
 * The fast lane to the registry: connections of Warden's own for what is pulled, without node:http between the registry's
 * socket and the client's. docs/decisions/008-fast-lane.md has the reasons and the figures.
 *
 * A connection is used for the next request only when the answer before ended exactly where it said, and nothing came
 * after it.
 */
import type { OutgoingHttpHeaders } from 'node:http';
import { createLaneBuffers, type LaneBuffers } from './fast-lane-buffers.ts';
import { writeRequestHead } from './fast-lane-request.ts';
import { type LaneSocket, openLaneSocket } from './fast-lane-socket.ts';
import type { Send } from './send.ts';

export interface FastLaneOptions {
  /** `http:`; TLS to the registry is node's affair. */
  readonly url: URL;
  /** The headers of a request with its authorization and framing. */
  readonly headersOf: (send: Send) => OutgoingHttpHeaders;
  readonly connectTimeoutMs: number;
  /** Connections that are open at once; beyond them requests wait. */
  readonly limit: number;
}

export interface FastLane {
  /** The head as it goes over the wire. */
  headOf(send: Send & { readonly method: 'GET' | 'HEAD' }): string;
  /**
   * A connection that waits, or a new one. `fresh`: a new one. Where as many as there may be are in use, it comes when
   * one of them is free; rejects when none was within `timeoutMs`.
   */
  take(fresh: boolean, timeoutMs: number): LaneSocket | Promise<LaneSocket>;
  /** Back, for the next request. Only after the last byte of an answer. */
  keep(socket: LaneSocket): void;
  readonly buffers: LaneBuffers;
  close(): void;
}

/** Connections that wait for the next request; more are closed. node:http keeps as many of its own. */
const IDLE_LIMIT = 32;
/** Milliseconds that a connection waits for its next request at most. Servers close theirs after a minute or more. */
const IDLE_MS = 30_000;

interface Waiting {
  readonly socket: LaneSocket;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/** A request for which there is no connection yet. */
interface Asking {
  readonly fresh: boolean;
  give(socket: LaneSocket): void;
}

export function createFastLane({ url, headersOf, connectTimeoutMs, limit }: FastLaneOptions): FastLane {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const place = { host, port: Number(url.port || 80), connectTimeoutMs };
  const buffers = createLaneBuffers();
  /** The last used last: the others grow old and go. */
  const idle: Waiting[] = [];
  /** In the order in which they came. */
  const asking = new Set<Asking>();
  let open = 0;
  let closed = false;
  const sweeping = setInterval(sweep, IDLE_MS / 2).unref();

  function sweep(): void {
    const oldest = performance.now() - IDLE_MS;
    while (idle[0] !== undefined && idle[0].since < oldest) idle.shift()?.socket.destroy();
  }

  function forget(socket: LaneSocket): void {
    const at = idle.findIndex((waiting) => waiting.socket === socket);
    if (at !== -1) idle.splice(at, 1);
  }

  function openOne(): LaneSocket {
    open++;
    return openLaneSocket(place, { onGone: forget, onClosed });
  }

  function onClosed(): void {
    open--;
    const next = firstAsking();
    if (next !== undefined && !closed) next.give(openOne());
  }

  function firstAsking(): Asking | undefined {
    return asking.values().next().value;
  }

  function wait(fresh: boolean, timeoutMs: number): Promise<LaneSocket> {
    return new Promise((resolve, reject) => {
      const one: Asking = {
        fresh,
        give(socket) {
          clearTimeout(timer);
          asking.delete(one);
          resolve(socket);
        },
      };
      const timer = setTimeout(() => {
        asking.delete(one);
        reject(new Error('no connection to the registry became free in time'));
      }, timeoutMs);
      asking.add(one);
      // One that waits for its next request makes room.
      idle.shift()?.socket.destroy();
    });
  }

  return {
    headOf: (send) => writeRequestHead(send.method, send.target, url.host, headersOf(send)),
    take(fresh, timeoutMs) {
      const kept = fresh ? undefined : idle.pop()?.socket;
      if (kept !== undefined) return kept;
      return open < limit ? openOne() : wait(fresh, timeoutMs);
    },
    keep(socket) {
      const next = firstAsking();
      // Where a new one is asked for, this one makes room for it.
      if (closed || next?.fresh || (next === undefined && idle.length >= IDLE_LIMIT)) return socket.destroy();
      socket.attach(undefined);
      socket.resume();
      if (next !== undefined) return next.give(socket);
      idle.push({ socket, since: performance.now() });
    },
    buffers,
    close() {
      closed = true;
      clearInterval(sweeping);
      for (const { socket } of idle.splice(0)) socket.destroy();
    },
  };
}
