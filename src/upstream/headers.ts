/**
 * Which headers cross, in each direction. Lists of what passes, not of what is taken away: a header that nobody thought
 * of (X-Original-URL, X-HTTP-Method-Override, a hop-by-hop one, one that `Connection` names) never crosses.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const TO_REGISTRY = [
  'accept',
  'accept-encoding',
  'content-range',
  'content-type',
  'docker-distribution-api-version',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'range',
  'traceparent',
  'tracestate',
];

/** `Location` and `Link` are not here: they are written anew. `WWW-Authenticate` never passes: the registry's realm is not the client's. */
const TO_CLIENT = [
  'accept-ranges',
  'allow',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'docker-content-digest',
  'docker-upload-uuid',
  'etag',
  'last-modified',
  'oci-chunk-min-length',
  'oci-filters-applied',
  'oci-subject',
  'oci-tag',
  'range',
  'retry-after',
  'vary',
  'warning',
];

/** All that is read of an answer's head: what crosses, and what is written anew. */
export const ANSWER_HEADERS: ReadonlySet<string> = new Set([...TO_CLIENT, 'link', 'location']);

/** Headers that `Connection` names are meant for the next hop alone, and that is here. @see RFC 9110 section 7.6.1 */
function namedIn(connection: string | undefined): ReadonlySet<string> {
  return new Set(connection?.toLowerCase().split(/[\t ]*,[\t ]*/));
}

const SCHEMA_2 = 'application/vnd.docker.distribution.manifest.v2+json';

const AGENT_LIMIT = 512;

export interface Origin {
  /** The client's address, which becomes the registry's `request.addr`. */
  readonly address: string;
  readonly requestId: string;
}

/**
 * The head for the registry. It ignores X-Request-ID, but logs the User-Agent: there the id can be found again. It believes
 * X-Forwarded-Host and -Proto and builds its `Location` from them; it gets none, and names its own address, which is
 * then written anew (see location.ts).
 */
export function headersToRegistry(client: IncomingHttpHeaders, origin: Origin): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const forUs = namedIn(client.connection);
  for (const name of TO_REGISTRY) {
    if (client[name] !== undefined && !forUs.has(name)) headers[name] = client[name];
  }
  const agent = (client['user-agent'] ?? '').slice(0, AGENT_LIMIT);
  headers['user-agent'] = `${agent} warden/${origin.requestId}`.trimStart();
  headers['x-forwarded-for'] = origin.address;
  return headers;
}

/**
 * docker-registry 2.8 makes a manifest of schema 1 for whoever does not ask for schema 2 by a tag: content that nobody
 * pushed, under a digest that no record has. So schema 2 is always asked for, too.
 */
export function acceptSchema2(headers: OutgoingHttpHeaders): void {
  const accept = [headers['accept'] ?? []].flat().join(', ');
  if (!accept.includes(SCHEMA_2)) headers['accept'] = accept === '' ? SCHEMA_2 : `${accept}, ${SCHEMA_2}`;
}

export function headersToClient(registry: IncomingHttpHeaders): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  const forUs = namedIn(registry.connection);
  for (const name of TO_CLIENT) {
    if (registry[name] !== undefined && !forUs.has(name)) headers[name] = registry[name];
  }
  return headers;
}
