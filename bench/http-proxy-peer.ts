/** http-proxy as a peer: `node http-proxy-peer.ts PORT TLS-PORT REGISTRY-PORT PEM-FILE`. */
import { readFileSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createRequire } from 'node:module';

const [port, tlsPort, registryPort, pemFile = ''] = process.argv.slice(2);
// The package has no types.
const httpProxy = createRequire(import.meta.url)('http-proxy') as {
  createProxyServer(options: { target: string; agent: Agent }): {
    web(request: IncomingMessage, response: ServerResponse): void;
    on(
      name: 'error',
      handler: (error: Error, request: IncomingMessage, response: ServerResponse) => void,
    ): void;
  };
};
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${registryPort}`,
  agent: new Agent({ keepAlive: true }),
});
proxy.on('error', (_error, _request, response) => response.destroy());
const pass: RequestListener = (request, response) => proxy.web(request, response);
const pem = readFileSync(pemFile, 'utf8');
createServer(pass).listen(Number(port), '127.0.0.1');
createTlsServer({ cert: pem, key: pem }, pass).listen(Number(tlsPort), '127.0.0.1');
