/** What the registry is told of where a request came from. */
import type { Origin } from '../upstream/headers.ts';
import type { Exchange } from './exchange.ts';

export function originOf({ client, request, id }: Exchange): Origin {
  return {
    address: client.address,
    proto: client.proto,
    host: (request.headers.host ?? '').slice(0, 255).replace(/[^\x21-\x7e]/g, ''),
    requestId: id,
  };
}
