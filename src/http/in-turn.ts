/**
 * Requests that a client sends before it has read the answers to earlier ones are served one after the other.
 *
 * node:http hands them over at once and holds the answers back, so one connection could keep any number of transfers
 * under way, each with a connection to the registry of its own. The protocol has the answers come in order anyway.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-9.3.2
 */
import type { IncomingMessage, RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** So many requests may wait on a connection until no more is read of it, but what came with them in one piece. */
const WAITING_LIMIT = 8;

/** A connection of which a request is being served, and what waits on it, in order. */
interface Line {
  current: IncomingMessage;
  readonly waiting: { readonly request?: IncomingMessage; readonly run: () => void }[];
}

export interface InTurn {
  /** The same listener, called for a request when the answer to the one before it has ended. */
  wrap(listener: RequestListener): RequestListener;
  /**
   * Called when all requests of this connection that could be read have been answered: at once where none is being
   * served, or where it is the body of the one being served that cannot be read to its end.
   */
  last(socket: Duplex, end: () => void): void;
  /** Whether a request of this connection has not been answered to its end. */
  isServing(socket: Duplex): boolean;
}

/** One for all the listeners of a server, since requests of every kind share a connection. */
export function createInTurn(): InTurn {
  /** A connection stands here while a request of it is being served. */
  const lines = new WeakMap<Duplex, Line>();

  function next(socket: Socket): void {
    const line = lines.get(socket);
    const following = socket.destroyed ? undefined : line?.waiting.shift();
    if (line === undefined || following === undefined) {
      lines.delete(socket);
      return;
    }
    line.current = following.request ?? line.current;
    following.run();
  }

  return {
    last(socket, end) {
      const line = lines.get(socket);
      if (line === undefined || !line.current.complete) {
        end();
        return;
      }
      // Requests are read in order, so only the last can be without its end, and it would wait for it in vain.
      if (line.waiting.at(-1)?.request?.complete === false) line.waiting.pop();
      line.waiting.push({ run: end });
    },
    isServing: (socket) => lines.has(socket),
    wrap: (listener) => (request, response) => {
      const { socket } = request;
      const run = (): void => {
        response.once('close', () => next(socket));
        listener(request, response);
      };
      const line = lines.get(socket);
      if (line === undefined) {
        lines.set(socket, { current: request, waiting: [] });
        run();
        return;
      }
      line.waiting.push({ request, run });
      if (line.waiting.length < WAITING_LIMIT) return;
      socket.pause();
      response.once('close', () => {
        if (line.waiting.length < WAITING_LIMIT) socket.resume();
      });
    },
  };
}
