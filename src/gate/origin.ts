/** What the registry is told of where a request came from. */
import type { OutgoingHttpHeaders } from 'node:http';
import { headersToRegistry, type Origin } from '../upstream/headers.ts';
import type { Exchange } from './exchange.ts';

export function originOf({ client, id }: Exchange): Origin {
  return { address: client.address, requestId: id };
}

/** The head of a request whose answer Warden reads itself: nothing of the client's that would change its form. */
export function askingHeaders(exchange: Exchange): OutgoingHttpHeaders {
  const agent = exchange.request.headers['user-agent'];
  return headersToRegistry(agent === undefined ? {} : { 'user-agent': agent }, originOf(exchange));
}
