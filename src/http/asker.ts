/** Who asks the API for something about robots or grants. */
import type { Exchange } from '../gate/exchange.ts';
import type { Asker } from '../identity/asker.ts';
import { type ApiLoginDeps, identify } from './api-login.ts';
import type { AppState } from './state.ts';

/** @throws {WardenError} as identify. */
export async function askerOf(
  deps: ApiLoginDeps & { readonly now: () => number },
  { exchange, summary }: AppState,
): Promise<Asker> {
  const { subject, tokenAddress, via, credential } = await identify(deps, exchange);
  summary.subject = subject.name;
  return { subject, tokenAddress, via, credential, ...circumstancesOf(exchange), time: deps.now() };
}

function circumstancesOf({ id, client, request }: Exchange) {
  const { address, certificate } = client;
  return {
    address,
    client: request.headers['user-agent'],
    certificates: certificate?.names ?? [],
    requestId: id,
  };
}
