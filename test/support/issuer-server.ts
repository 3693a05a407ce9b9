/** Where an issuer of the tests listens: an address that stays while it goes away and comes back, and is slow when it should be. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JWK } from 'oidc-provider';
import type { SigningKey } from './issuer.ts';
import { freePort } from './ports.ts';

export interface IssuerPlace {
  readonly host: string;
  /** Served over TLS with these PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface IssuerServer {
  readonly url: string;
  /** Milliseconds before each answer from now on. */
  delay(ms: number): void;
  close(): Promise<void>;
  listen(): Promise<void>;
}

/** @param answer what it answers with at the moment. @param onAsked told of each request at once. Does not listen yet. */
export async function issuerServer(
  { host, tls }: IssuerPlace,
  answer: RequestListener,
  onAsked: RequestListener,
): Promise<IssuerServer> {
  const port = await freePort(host);
  let delayMs = 0;
  let server: Server | undefined;

  const serve: RequestListener = async (request, response) => {
    onAsked(request, response);
    if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
    if (!response.destroyed) answer(request, response);
  };
  return {
    url: `${tls ? 'https' : 'http'}://${host}:${port}`,
    delay(ms) {
      delayMs = ms;
    },
    listen() {
      const started = tls ? createTlsServer(tls, serve) : createServer(serve);
      server = started;
      return new Promise((resolve, reject) => {
        started.once('error', reject);
        started.listen(port, host, resolve);
      });
    },
    async close() {
      const ending = server;
      server = undefined;
      if (!ending) return;
      await new Promise((resolve) => {
        ending.close(resolve);
        ending.closeAllConnections();
      });
    },
  };
}

/** The private key, as the library wants it. */
export function privateJwk({ kid, privateKey }: SigningKey): JWK {
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } as JWK;
}
