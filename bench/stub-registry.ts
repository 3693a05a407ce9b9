/** A registry that has its answer ready: `node stub-registry.ts PORT`. So that what stands before it is what is measured. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

const BODY = JSON.stringify({ schemaVersion: 2, padding: 'x'.repeat(1000) });
const HEAD = [
  'HTTP/1.1 200 OK',
  `Content-Length: ${BODY.length}`,
  'Content-Type: application/vnd.oci.image.manifest.v1+json',
  `Docker-Content-Digest: sha256:${createHash('sha256').update(BODY).digest('hex')}`,
  'Docker-Distribution-Api-Version: registry/2.0',
  'X-Content-Type-Options: nosniff',
  '',
  '',
].join('\r\n');
const GET = Buffer.from(HEAD + BODY);

createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      socket.write(text.startsWith('HEAD') ? HEAD : GET);
      text = text.slice(end + 4);
    }
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
