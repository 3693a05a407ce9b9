/** What the registry is told of where a request came from. */
import type { Origin } from '../upstream/headers.ts';
import type { Exchange } from './exchange.ts';

export function originOf({ client, id }: Exchange): Origin {
  return { address: client.address, requestId: id };
}
