import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Door {
  /** `127.0.0.1:<port>`: what a client is told instead of the target. */
  readonly address: string;
  readonly port: number;
  /** Closes it, and cuts the connections that go through it. */
  stop(): Promise<void>;
}

/**
 * A relay that lets a client arrive from an address of its own: what connects to the door reaches the target with
 * `source`, any address of 127.0.0.0/8, as its peer address. Bytes pass unchanged, TLS too. Half-closed connections
 * stay half closed, and a reset passes on as a reset, so that the server sees what the client did.
 */
export async function openDoor(
  source: string,
  { host, port: targetPort }: { readonly host: string; readonly port: number },
): Promise<Door> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const up = connect({ host, port: targetPort, localAddress: source, allowHalfOpen: true, noDelay: true });
    for (const [one, other] of [
      [client, up],
      [up, client],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.resetAndDestroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo; // a TCP listener has one
  return {
    address: `127.0.0.1:${port}`,
    port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
