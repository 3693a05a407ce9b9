/** Gives up a connection that is not made in time. Without it a host that drops packets is waited for like a slow answer. */
import type { ClientRequest } from 'node:http';

/** @param connected the event of a socket that may be written to. A kept connection has had it. */
export function limitConnecting(
  request: ClientRequest,
  connected: 'connect' | 'secureConnect',
  timeoutMs: number,
): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(
      () => request.destroy(new Error('no connection to the registry in time')),
      timeoutMs,
    );
    const clear = (): void => clearTimeout(timer);
    socket.once(connected, clear);
    request.once('close', clear);
  });
}
