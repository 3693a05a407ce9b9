/** Ends an answer that did not come whole, so that its client cannot take it for a whole one. */
import type { ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';

/** A client of HTTP/1.0 that was told no length sees the end in the end of the connection, so that is made an error. */
export function cut(response: ServerResponse): void {
  const { req, socket } = response;
  const endsWithConnection = req.httpVersion === '1.0' && !response.hasHeader('content-length');
  // Under TLS the missing farewell is the error.
  const plain = socket !== null && (socket as TLSSocket).encrypted !== true;
  if (endsWithConnection && plain && !socket.destroyed) socket.resetAndDestroy();
  response.destroy();
}
