/**
 * Requests to make another protocol of a connection. Nobody is given one.
 *
 * An upgrade is left to node:http, which reads the request as the ordinary one that it is (see server). A CONNECT it hands
 * over as a bare socket, which it neither watches nor limits any more: an error of it would end the process.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-7.8
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { InTurn } from './in-turn.ts';

/** Milliseconds in which the client takes the answer and ends the connection. */
const REST_MS = 1_000;
const ANSWER = 'HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

export function refuseTunnels(server: Server, inTurn: InTurn): void {
  server.on('connect', (_request, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    // In front of the answers to earlier requests this one would be taken for one of theirs.
    if (inTurn.isServing(socket)) {
      socket.destroy();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), REST_MS);
    socket.once('close', () => clearTimeout(timer));
    // What still comes is read and dropped: closing before it was read would reset the connection, and lose the answer.
    socket.resume();
    socket.end(ANSWER);
  });
}

/** Whether the client would go on in another protocol if it were answered so. */
export function asksForUpgrade({ headers }: IncomingMessage): boolean {
  const words = headers.connection?.toLowerCase().split(/[\t ]*,[\t ]*/) ?? [];
  return headers.upgrade !== undefined && words.includes('upgrade');
}
