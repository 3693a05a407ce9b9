/** Refresh tokens that are none are counted by address; one that holds is taken in any case, since none can be guessed. */
import { WardenError } from '../errors.ts';
import type { TokenDeps } from '../http/routes/token.ts';
import { networkOf } from '../policy/address.ts';
import type { Limit } from '../state/limits.ts';

export function limitRefresh(sessions: TokenDeps['sessions'], failures: Limit): TokenDeps['sessions'] {
  return (
    sessions && {
      ...sessions,
      async use(token, service, client) {
        const found = await sessions.use(token, service, client);
        if (found !== undefined) return found;
        const allowance = await failures.take(networkOf(client.address));
        if (allowance.ok) return undefined;
        const headers = { 'Retry-After': String(allowance.retryAfterSeconds) };
        throw new WardenError('TOO_MANY_REQUESTS', { headers });
      },
    }
  );
}
