/**
 * Connections cost memory and a file descriptor each, also those on which nothing is asked. Who opens more than one
 * client ever needs finds them closed; the others go on.
 */
import type { Server } from 'node:net';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { createShares } from './share-of-address.ts';

/** Milliseconds between two lines that tell of it. */
const TELL_MS = 60_000;

export interface BoundDeps {
  /** Whose share a connection of this peer counts towards; undefined where it is not counted. */
  readonly shareOf: (peer: string) => string | undefined;
  readonly limits: {
    /** Open at once, whatever they do or do not. */
    readonly connectionsOfAddress: number;
  };
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Counts before the TLS handshake, which costs most. There is no answer: none could be read without a handshake. */
export function boundConnections(server: Server, { shareOf, limits, log, metrics }: BoundDeps): void {
  const shares = createShares(limits.connectionsOfAddress);
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on('connection', (socket) => {
    const { remoteAddress: peer } = socket;
    const share = peer === undefined ? undefined : shareOf(peer);
    if (share === undefined) return;
    if (shares.enter(share)) {
      socket.once('close', () => shares.leave(share));
      return;
    }
    socket.destroy();
    metrics.connectionRefused();
    if (performance.now() - toldAt < TELL_MS) return;
    toldAt = performance.now();
    log.warn({ address: share }, 'this address has as many connections open as one may; more are closed');
  });
}
