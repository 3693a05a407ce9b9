/** A server that does nothing but forward, as the gate does, and remembers what came of it. */
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, request as httpsRequest } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { WardenError } from '../../src/errors.ts';
import { forward } from '../../src/upstream/forward.ts';
import type { Forwarded } from '../../src/upstream/forwarded.ts';
import { headersToRegistry } from '../../src/upstream/headers.ts';
import { createRegistry, type Registry } from '../../src/upstream/registry.ts';

/** How a body is moved: both must do the same. */
export const WAYS = ['the fast lane', 'node:http'] as const;
export type Way = (typeof WAYS)[number];

export interface FrontOptions {
  readonly url: URL;
  readonly way: Way;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly idleTimeoutMs?: number;
  readonly responseTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Connections to the registry that may be open at once. */
  readonly connections?: number;
}

export interface Front {
  readonly port: number;
  readonly registry: Registry;
  /** What came of each request, in the order in which they ended. */
  readonly outcomes: readonly (Forwarded | WardenError)[];
  /** Until so many requests have ended. */
  ended(count: number): Promise<void>;
  ask(question: Question): Promise<Reply>;
  stop(): Promise<void>;
}

export interface Question {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly bytes: Buffer;
  /** False where the connection ended before the answer did. */
  readonly whole: boolean;
}

const TIMEOUT_MS = 20_000;

export async function startFront(options: FrontOptions): Promise<Front> {
  const { url, way, tls, idleTimeoutMs = TIMEOUT_MS, responseTimeoutMs = TIMEOUT_MS } = options;
  const { connections, connectTimeoutMs } = options;
  const made = createRegistry({
    url,
    sign: () => 'unsigned',
    responseTimeoutMs,
    ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
    ...(connections !== undefined && { connections }),
  });
  const registry: Registry = way === 'node:http' ? { ...made, lane: undefined } : made;
  const outcomes: (Forwarded | WardenError)[] = [];
  const sockets = new Set<Socket>();

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => undefined);
    forward(registry, {
      send: {
        method: request.method ?? '',
        target: request.url ?? '',
        headers: headersToRegistry(request.headers, { address: '192.0.2.1', requestId: 'an-id' }),
        subject: '',
        access: [],
      },
      body: 'none',
      request,
      response,
      redirectHosts: [],
      idleTimeoutMs,
      responseTimeoutMs,
    }).then(
      (forwarded) => outcomes.push(forwarded),
      (error: WardenError) => {
        outcomes.push(error);
        if (response.headersSent) response.destroy();
        else response.writeHead(error.status ?? 500).end(error.name);
      },
    );
  }

  const server = tls ? createTlsServer(tls, handle) : createServer(handle);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo; // a TCP listener has one

  return {
    port,
    registry,
    outcomes,
    async ended(count) {
      const deadline = Date.now() + TIMEOUT_MS;
      while (outcomes.length < count) {
        if (Date.now() > deadline) throw new Error(`${outcomes.length} of ${count} requests have ended`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    ask: (question) => ask(port, question, tls?.cert),
    async stop() {
      registry.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** One request on a connection of its own. `ca`: over TLS. */
export function ask(
  port: number,
  { method = 'GET', path, headers = {} }: Question,
  ca?: string,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const send = ca === undefined ? httpRequest : httpsRequest;
    const options = { host: '127.0.0.1', port, method, path, headers, agent: false as const };
    const request = send({ ...options, ...(ca !== undefined && { ca }) }, (message) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', () => undefined);
      message.on('close', () =>
        resolve({
          status: message.statusCode ?? 0,
          headers: message.headers,
          bytes: Buffer.concat(chunks),
          whole: message.complete,
        }),
      );
    });
    request.setTimeout(TIMEOUT_MS, () => request.destroy(new Error(`no answer to ${method} ${path}`)));
    request.on('error', reject);
    request.end();
  });
}
