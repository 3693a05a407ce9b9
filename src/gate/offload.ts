/**
 * Large bodies of blobs, sent by an nginx that reads the registry's storage, so that their bytes do not pass through here.
 *
 * The storage is one pool of all repositories' blobs, and nginx gives whatever it is told to. So the registry is asked
 * each time, with a token for this repository alone, whether the blob belongs to it; its answer has the size and the
 * headers. What is out of the ordinary goes the normal way, and gets the registry's own answer.
 */
import { bytesAsked } from '../protocol/range.ts';
import { type RegistryRequest, writeTarget } from '../protocol/request.ts';
import { headersToClient } from '../upstream/headers.ts';
import type { Answer } from '../upstream/send.ts';
import type { GateDeps, VerifiedToken } from './deps.ts';
import type { Exchange, Summary } from './exchange.ts';
import { askingHeaders } from './origin.ts';

type BlobRequest = Extract<RegistryRequest, { route: 'blob' }>;

/** These are for the registry to judge: nginx would by the file's time, and by a tag that it makes of that. */
const CONDITIONS = [
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
] as const;

/**
 * Answers a blob's GET if the body can leave by nginx.
 *
 * @returns false where nothing was answered: the body goes through here.
 * @throws {WardenError} REGISTRY_UNAVAILABLE
 */
export async function offloadBlob(
  deps: GateDeps,
  exchange: Exchange,
  summary: Summary,
  token: VerifiedToken,
  request: BlobRequest,
): Promise<boolean> {
  const { offload, registry, metrics } = deps;
  const { client, response } = exchange;
  const { headers } = exchange.request;
  const { digest } = request;
  if (offload === undefined || request.method !== 'GET' || !offload.reaches(client)) return false;
  if (offload.small.has(digest) || CONDITIONS.some((name) => headers[name] !== undefined)) return false;

  const asked = performance.now();
  const answer = await registry.ask(
    {
      method: 'HEAD',
      target: writeTarget(request),
      headers: askingHeaders(exchange),
      subject: token.subject.name,
      access: [{ type: 'repository', name: request.repository, actions: ['pull'] }],
      body: 'none',
    },
    0,
  );
  const size = sizeOf(answer, digest);
  if (size === undefined) return false;
  if (size < offload.minimumBytes) {
    offload.small.add(digest);
    return false;
  }
  const bytes = bytesAsked(headers.range, size);
  if (bytes === undefined || bytes < offload.minimumBytes) return false;

  const address = offload.addressOf(digest, client, lastOf(headers['x-forwarded-for']));
  if (offload.mode === 'accel') {
    // Ranges are nginx's, which says so itself.
    const { 'accept-ranges': _, ...head } = headersToClient(answer.headers);
    response.writeHead(200, { ...head, 'content-length': 0, 'x-accel-redirect': address });
  } else {
    response.writeHead(307, {
      'docker-content-digest': digest,
      'content-length': 0,
      // It is one client's, for minutes.
      'cache-control': 'no-store',
      location: address,
    });
  }
  response.end();
  summary.offload = offload.mode;
  summary.offloadedBytes = bytes;
  metrics.stage('registry', request.route, performance.now() - asked);
  metrics.offloaded(offload.mode, bytes);
  return true;
}

/** In bytes, where the registry has this blob itself, in this repository; undefined otherwise. */
function sizeOf({ status, headers }: Answer, digest: string): number | undefined {
  const length = headers['content-length'];
  if (status !== 200 || headers['docker-content-digest'] !== digest) return undefined;
  return length !== undefined && /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined;
}

function lastOf(forwardedFor: string | string[] | undefined): string | undefined {
  return String(forwardedFor ?? '')
    .split(',')
    .at(-1)
    ?.trim();
}
