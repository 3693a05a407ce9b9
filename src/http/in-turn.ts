/**
 * Requests that a client sends before it has read the answers to earlier ones are served one after the other.
 *
 * node:http hands them over at once and holds the answers back, so one connection could keep any number of transfers
 * under way, each with a connection to the registry of its own. The protocol has the answers come in order anyway.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** So many requests may wait on a connection until no more is read of it, but what came with them in one piece. */
const WAITING_LIMIT = 8;

/** What waits on a connection, in order. */
type Line = (() => void)[];

export interface InTurn {
  /** The same listener, called for a request when the answer to the one before it has ended. */
  wrap(listener: RequestListener): RequestListener;
  /** Called when all requests of this connection have been answered: at once where none is being served. */
  last(socket: Duplex, end: () => void): void;
}

/** One for all the listeners of a server, since requests of every kind share a connection. */
export function createInTurn(): InTurn {
  /** A connection stands here while a request of it is being served. */
  const lines = new WeakMap<Duplex, Line>();

  function begin(socket: Socket, response: ServerResponse, serve: () => void): void {
    response.once('close', () => next(socket));
    serve();
  }

  function next(socket: Socket): void {
    const line = lines.get(socket);
    const following = socket.destroyed ? undefined : line?.shift();
    if (following === undefined) lines.delete(socket);
    else following();
  }

  return {
    last(socket, end) {
      const line = lines.get(socket);
      if (line === undefined) end();
      else line.push(end);
    },
    wrap: (listener) => (request, response) => {
      const { socket } = request;
      const serve = (): void => begin(socket, response, () => listener(request, response));
      const line = lines.get(socket);
      if (line === undefined) {
        lines.set(socket, []);
        serve();
        return;
      }
      line.push(serve);
      if (line.length < WAITING_LIMIT) return;
      socket.pause();
      response.once('close', () => {
        if (line.length < WAITING_LIMIT) socket.resume();
      });
    },
  };
}
