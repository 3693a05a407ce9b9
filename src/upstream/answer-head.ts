/** The head of the registry's answer as the client gets it: listed headers, addresses written anew. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import { WardenError } from '../errors.ts';
import type { Forward } from './forwarded.ts';
import { headersToClient } from './headers.ts';
import { linkForClient, locationForClient } from './location.ts';

/**
 * @param registryUrl the configured address of the registry.
 * @throws {WardenError} REGISTRY_MISBEHAVED where the answer cannot be passed on, and whatever `onHead` throws.
 */
export function answerHead(
  registryUrl: URL,
  { status, headers: received }: { readonly status: number; readonly headers: IncomingHttpHeaders },
  options: Pick<Forward, 'redirectHosts' | 'onHead'>,
): OutgoingHttpHeaders {
  if (status === 401 || status === 403) {
    // The client has been judged already; this can only mean that the registry does not accept Warden's own token.
    throw refusedToken();
  }
  const headers = headersToClient(received);
  const { location, link } = received;
  if (location !== undefined) {
    const rewritten = locationForClient(location, registryUrl, options.redirectHosts);
    if (rewritten === undefined) {
      throw new WardenError('REGISTRY_MISBEHAVED', {
        sentence: 'the registry sends clients to an address that is not listed in registry.redirectHosts',
      });
    }
    headers['location'] = rewritten;
  }
  if (typeof link === 'string') {
    const rewritten = linkForClient(link, registryUrl);
    if (rewritten !== undefined) headers['link'] = rewritten;
  }
  options.onHead?.(status, headers);
  return headers;
}

/** The registry does not accept the token that Warden made for this request. */
export function refusedToken(): WardenError {
  return new WardenError('REGISTRY_MISBEHAVED', {
    sentence: "the registry refused Warden's own token; its operator must look at auth.token",
  });
}
