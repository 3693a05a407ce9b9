/** The token endpoint: what one token costs Warden's processor. */

import { REPOSITORY } from './content.ts';
import { processorSeconds } from './process-facts.ts';
import { headText, requestMany } from './requests.ts';
import { basic, type Credentials, type Site } from './site.ts';
import type { Sizes } from './sizes.ts';

export interface TokenCost {
  readonly name: string;
  readonly milliseconds: number;
  readonly perSecond: number;
}

/** Of the hashes of passwords. The cheaper is what other servers were measured with. */
const COSTS = [5, 10];

export async function measureTokens(site: Site, sizes: Sizes): Promise<readonly TokenCost[]> {
  const { warden } = site;
  const pid = warden.pid();
  const costs: TokenCost[] = [];

  async function measure(name: string, count: number, ask: (nth: number) => string): Promise<void> {
    const before = processorSeconds(pid);
    const started = performance.now();
    await requestMany({ port: warden.port, head: ask, count, connections: sizes.connections, bodies: true });
    const seconds = (performance.now() - started) / 1000;
    costs.push({
      name,
      milliseconds: ((processorSeconds(pid) - before) * 1000) / count,
      perSecond: count / seconds,
    });
  }
  const head = (repository: string, actions: string, credentials?: Credentials): string => {
    const query = new URLSearchParams({
      service: warden.address,
      scope: `repository:${repository}:${actions}`,
      ...(credentials && { account: credentials.user }),
    });
    const headers = { host: warden.address, ...(credentials && { authorization: basic(credentials) }) };
    return headText('GET', `/token?${query}`, headers);
  };

  await measure('anonymous, the same scope', sizes.tokens, () => head(REPOSITORY, 'pull'));
  await measure('anonymous, another scope each time', sizes.tokens, (nth) => head(`bench/x${nth}`, 'pull'));
  for (const cost of COSTS) {
    const users = await site.users(sizes.logins, cost);
    await measure(`bcrypt ${cost}, first login`, users.length, (nth) => head(REPOSITORY, 'pull', users[nth]));
    const [user] = users;
    await measure(`bcrypt ${cost}, remembered`, sizes.tokens, () => head(REPOSITORY, 'pull', user));
  }
  return costs;
}
