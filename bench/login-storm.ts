/** A storm of logins, each of which costs a hash, beside anonymous pulls: what those notice of it. */
import { hash } from '@node-rs/bcrypt';
import { startRegistry } from '../test/support/registry.ts';
import { makeTemp, type Temp } from '../test/support/temp.ts';
import { fill, makeContent, REPOSITORY, TAG } from './content.ts';
import { median } from './measure.ts';
import { headText, requestMany } from './requests.ts';
import type { Sizes } from './sizes.ts';
import {
  dockerAuthProgram,
  makeSigner,
  startDockerAuth,
  startWardenTokens,
  type TokenServer,
} from './token-servers.ts';
import { ask, newPeople } from './tokens.ts';

export interface StormCost {
  readonly server: TokenServer['name'];
  /** `pull`: of a manifest; what docker_auth does not see. */
  readonly what: 'token' | 'pull';
  /** Milliseconds, alone and in the storm: the median, and what one in a hundred exceeds. */
  readonly quiet: Latency;
  readonly storm: Latency;
  readonly loginsPerSecond: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

const COST = 10;
const KILOBYTE = 1024;

export async function measureStorm(sizes: Sizes): Promise<readonly StormCost[]> {
  await using endings = new AsyncDisposableStack();
  const temp = makeTemp('bench-storm');
  endings.defer(() => temp.stop());
  const people = newPeople(sizes.connections);
  const users = new Map<string, string>();
  for (const { user, password } of people) users.set(user, await hash(password, { cost: COST }));
  const storage = temp.at('storage');
  await fillStorage(storage, sizes, temp);
  const signer = await makeSigner(temp, 'ES256');
  const options = { signer, users, rememberSeconds: 0, storage } as const;
  const program = dockerAuthProgram();
  const servers = [
    await startWardenTokens(options),
    ...(program === undefined ? [] : [await startDockerAuth(program, temp, options)]),
  ];
  for (const server of servers) endings.defer(() => server.stop());
  const costs: StormCost[] = [];
  for (const server of servers) {
    const token = (nth: number): string => ask(server, `bench/x${nth}`);
    const requests: readonly (readonly [StormCost['what'], (nth: number) => string])[] =
      server.name === 'warden'
        ? [
            ['token', token],
            ['pull', await pullOf(server)],
          ]
        : [['token', token]];
    for (const [what, head] of requests) {
      await latencies(server, head, sizes.stormMs / 4);
      const quiet = await latencies(server, head, sizes.stormMs);
      // As many logins at once as there are connections, until the others have been measured.
      const storm = startStorm(people.map((one) => () => oneRequest(server, ask(server, REPOSITORY, one))));
      const stormed = await latencies(server, head, sizes.stormMs);
      costs.push({ server: server.name, what, quiet, storm: stormed, loginsPerSecond: await storm.end() });
    }
  }
  return costs;
}

/** One small image, pushed past everything to the storage that Warden's registry will have. */
async function fillStorage(storage: string, sizes: Sizes, temp: Temp): Promise<void> {
  const small = {
    ...sizes,
    largeBytes: KILOBYTE,
    mediumBytes: KILOBYTE,
    layerBytes: KILOBYTE,
    uploadBytes: KILOBYTE,
  };
  const registry = await startRegistry({ storage });
  try {
    await fill(
      registry,
      makeContent(small, (name) => temp.at(name)),
    );
  } finally {
    await registry.stop();
  }
}

/** The head of an anonymous GET of the image's manifest. */
async function pullOf({ port, service, path }: TokenServer): Promise<() => string> {
  const query = new URLSearchParams({ service, scope: `repository:${REPOSITORY}:pull` });
  const answer = await fetch(`http://127.0.0.1:${port}${path}?${query}`);
  const { token } = (await answer.json()) as { token: string };
  const head = headText('GET', `/v2/${REPOSITORY}/manifests/${TAG}`, {
    host: `127.0.0.1:${port}`,
    accept: 'application/vnd.oci.image.manifest.v1+json',
    authorization: `Bearer ${token}`,
  });
  return () => head;
}

/** Does each of them again and again, all at once. `end` waits for the last of each, and says how many a second there were. */
function startStorm(work: readonly (() => Promise<unknown>)[]): { end(): Promise<number> } {
  let over = false;
  let done = 0;
  const started = performance.now();
  const all = Promise.all(
    work.map(async (one) => {
      while (!over) {
        await one();
        done++;
      }
    }),
  );
  return {
    async end() {
      over = true;
      await all;
      return done / ((performance.now() - started) / 1000);
    },
  };
}

function oneRequest({ port }: TokenServer, head: string): Promise<unknown> {
  return requestMany({ port, head: () => head, count: 1, connections: 1, bodies: true });
}

/** Of requests one after the other, each on a new connection as clients have it. */
async function latencies(
  server: TokenServer,
  head: (nth: number) => string,
  forMs: number,
): Promise<Latency> {
  const seen: number[] = [];
  const until = performance.now() + forMs;
  for (let nth = 0; performance.now() < until; nth++) {
    const before = performance.now();
    await oneRequest(server, head(nth));
    seen.push(performance.now() - before);
  }
  const sorted = seen.toSorted((a, b) => a - b);
  return { p50: median(seen), p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN };
}
