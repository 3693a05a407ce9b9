/** A storm of logins, each of which costs a hash, beside anonymous requests for tokens: what those notice of it. */
import { hash } from '@node-rs/bcrypt';
import { makeTemp } from '../test/support/temp.ts';
import { median } from './measure.ts';
import { requestMany } from './requests.ts';
import type { Sizes } from './sizes.ts';
import { dockerAuthProgram, startDockerAuth, startWardenTokens, type TokenServer } from './token-servers.ts';
import { ask, newPeople } from './tokens.ts';

export interface StormCost {
  readonly server: TokenServer['name'];
  /** Milliseconds that an anonymous token takes, alone and in the storm: the median, and what one in a hundred exceeds. */
  readonly quiet: Latency;
  readonly storm: Latency;
  readonly loginsPerSecond: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const COST = 10;
const REPOSITORY = 'bench/image';

export async function measureStorm(sizes: Sizes): Promise<readonly StormCost[]> {
  await using endings = new AsyncDisposableStack();
  const temp = makeTemp('bench-storm');
  endings.defer(() => temp.stop());
  const people = newPeople(sizes.connections);
  const users = new Map<string, string>();
  for (const { user, password } of people) users.set(user, await hash(password, { cost: COST }));
  const options = { algorithm: 'ES256', users, rememberSeconds: 0 } as const;
  const program = dockerAuthProgram();
  const servers = [
    await startWardenTokens(options),
    ...(program === undefined ? [] : [await startDockerAuth(program, temp, options)]),
  ];
  for (const server of servers) endings.defer(() => server.stop());
  const costs: StormCost[] = [];
  for (const server of servers) {
    await latencies(server, sizes.stormMs / 4);
    const quiet = await latencies(server, sizes.stormMs);
    let over = false;
    let logins = 0;
    const started = performance.now();
    // As many at once as there are connections, until the others have been measured.
    const storm = Promise.all(
      people.map(async (one) => {
        while (!over) {
          await oneRequest(server, ask(server, REPOSITORY, one));
          logins++;
        }
      }),
    );
    const stormed = await latencies(server, sizes.stormMs);
    over = true;
    await storm;
    const loginsPerSecond = logins / ((performance.now() - started) / 1000);
    costs.push({ server: server.name, quiet, storm: stormed, loginsPerSecond });
  }
  return costs;
}

function oneRequest({ port }: TokenServer, head: string): Promise<unknown> {
  return requestMany({ port, head: () => head, count: 1, connections: 1, bodies: true });
}

/** Of anonymous tokens, one after the other, each on a new connection as clients have it. */
async function latencies(server: TokenServer, forMs: number): Promise<Latency> {
  const seen: number[] = [];
  const until = performance.now() + forMs;
  for (let nth = 0; performance.now() < until; nth++) {
    const before = performance.now();
    await oneRequest(server, ask(server, `bench/x${nth}`));
    seen.push(performance.now() - before);
  }
  const sorted = seen.toSorted((a, b) => a - b);
  return { p50: median(seen), p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN };
}
