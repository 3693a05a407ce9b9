/** A registry that answers with whatever bytes a test wants, when it wants. */
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Turn {
  readonly socket: Socket;
  readonly method: string;
  readonly target: string;
  /** Of requests over all connections, from 1. */
  readonly nth: number;
  /** Of requests over this connection, from 1. */
  readonly nthHere: number;
}

export interface ScriptedRegistry {
  readonly url: URL;
  /** The heads of all requests so far. */
  readonly heads: readonly string[];
  /** Connections that are open now. */
  connections(): number;
  /** Connections that were ever opened. */
  opened(): number;
  stop(): Promise<void>;
}

export async function startScriptedRegistry(answer: (turn: Turn) => void): Promise<ScriptedRegistry> {
  const sockets = new Set<Socket>();
  const heads: string[] = [];
  let opened = 0;
  const server = createServer((socket) => {
    opened++;
    sockets.add(socket);
    let text = '';
    let nthHere = 0;
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        const head = text.slice(0, end);
        text = text.slice(end + 4);
        heads.push(head);
        const [method = '', target = ''] = head.split(' ', 2);
        answer({ socket, method, target, nth: heads.length, nthHere: ++nthHere });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP listener has one
  return {
    url: new URL(`http://127.0.0.1:${port}`),
    heads,
    connections: () => sockets.size,
    opened: () => opened,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
