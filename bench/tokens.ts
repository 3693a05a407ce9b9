/** The token endpoint: what one token costs the server's processor, Warden beside docker_auth. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { hash } from '@node-rs/bcrypt';
import { ADMIN, person, startSlapd } from '../test/support/slapd.ts';
import { makeTemp, type Temp } from '../test/support/temp.ts';
import { median } from './measure.ts';
import { processorSeconds } from './process-facts.ts';
import { headText, requestMany } from './requests.ts';
import { basic, type Credentials } from './site.ts';
import type { Sizes } from './sizes.ts';
import {
  dockerAuthProgram,
  makeSigner,
  startDockerAuth,
  startWardenTokens,
  type TokenServer,
  type TokenServerOptions,
} from './token-servers.ts';

export interface TokenCost {
  readonly name: string;
  readonly server: TokenServer['name'];
  readonly milliseconds: number;
  readonly perSecond: number;
}

/** Of the hashes of passwords. */
const COSTS = [5, 10];
const REPOSITORY = 'bench/image';

export async function measureTokens(sizes: Sizes): Promise<readonly TokenCost[]> {
  await using endings = new AsyncDisposableStack();
  const temp = makeTemp('bench-tokens');
  endings.defer(() => temp.stop());
  const byCost = new Map<number, readonly Credentials[]>();
  const users = new Map<string, string>();
  for (const cost of COSTS) {
    const made = newPeople(sizes.logins);
    for (const { user, password } of made) users.set(user, await hash(password, { cost }));
    byCost.set(cost, made);
  }
  const people = newPeople(sizes.logins);
  const slapd = await startSlapd({
    ldif: people.map(({ user, password }) => person(user, password)).join('\n'),
  });
  endings.defer(() => slapd.stop());

  const passwordFile = temp.at('directory-password');
  writeFileSync(passwordFile, `${ADMIN.password}\n`, { mode: 0o600 });
  const directory = { port: slapd.port, passwordFile };
  const signers = { ES256: await makeSigner(temp, 'ES256'), RS256: await makeSigner(temp, 'RS256') };
  const costs: TokenCost[] = [];
  const measure = measuring(sizes, costs);
  const main = await startBoth({ signer: signers.ES256, users, directory }, temp, endings);
  for (const server of main) await warmUp(server, sizes);
  await measure('anonymous, the same scope', main, ({ server }) => ask(server, REPOSITORY));
  await measure('anonymous, another scope each time', main, ({ server, nth }) =>
    ask(server, `bench/x${nth}`),
  );
  for (const [cost, made] of byCost) {
    const first = { count: made.length, rounds: 1 };
    await measure(
      `bcrypt ${cost}, first login`,
      main,
      ({ server, nth }) => ask(server, REPOSITORY, made[nth]),
      first,
    );
    // Others look at the password each time, so as few as there are first logins.
    const again = { count: (server: TokenServer) => (server.name === 'warden' ? sizes.tokens : made.length) };
    await measure(`bcrypt ${cost}, again`, main, ({ server }) => ask(server, REPOSITORY, made[0]), again);
  }
  const few = { count: people.length, rounds: 1 };
  await measure('LDAP, first login', main, ({ server, nth }) => ask(server, REPOSITORY, people[nth]), few);
  await measure('LDAP, again', main, ({ server }) => ask(server, REPOSITORY, people[0]), few);
  const [warden] = main;
  const [, first] = [...byCost.values()];
  const body = await refreshForm(warden, first?.[0]);
  await measure('refresh token', [warden], ({ server }) => refreshHead(server, body));
  const rules = sizes.rules.at(-1) ?? 0;
  for (const [name, options] of [
    ['anonymous, RS256', { signer: signers.RS256 }],
    [`anonymous, ${rules} rules`, { signer: signers.ES256, rules }],
  ] as const) {
    const servers = await startBoth(options, temp, endings);
    for (const server of servers) await warmUp(server, sizes);
    // docker_auth reads every rule for each token.
    const count = (server: TokenServer): number =>
      server.name === 'docker_auth' && 'rules' in options ? sizes.logins : sizes.tokens;
    await measure(name, servers, ({ server, nth }) => ask(server, `bench/x${nth}`), { count });
  }
  return costs;
}

/** Warden, and docker_auth where it is. */
async function startBoth(
  options: TokenServerOptions,
  temp: Temp,
  endings: AsyncDisposableStack,
): Promise<readonly [TokenServer, ...TokenServer[]]> {
  const program = dockerAuthProgram();
  const servers: [TokenServer, ...TokenServer[]] = [
    await startWardenTokens(options),
    ...(program === undefined ? [] : [await startDockerAuth(program, temp, options)]),
  ];
  for (const server of servers) endings.defer(() => server.stop());
  return servers;
}

/** V8 goes on compiling for some ten thousand requests, and a service runs for months. */
const WARM_TIMES = 6;

async function warmUp(server: TokenServer, { connections, tokens }: Sizes): Promise<void> {
  const count = server.name === 'warden' ? WARM_TIMES * tokens : connections;
  for (const head of [(nth: number) => ask(server, `bench/w${nth}`), () => ask(server, REPOSITORY)]) {
    await requestMany({ port: server.port, head, count, connections, bodies: true });
  }
}

interface Amount {
  /** The number of tokens unless told. */
  readonly count?: number | ((server: TokenServer) => number);
  /** Those of the run unless told. */
  readonly rounds?: number;
}

/** The servers in turn, as often as there are rounds; of each the medians. */
function measuring({ connections, tokens, rounds: usual }: Sizes, into: TokenCost[]) {
  return async (
    name: string,
    servers: readonly TokenServer[],
    head: (of: { readonly server: TokenServer; readonly nth: number }) => string,
    { count = tokens, rounds = usual }: Amount = {},
  ): Promise<void> => {
    const samples = servers.map((server) => ({
      server,
      milliseconds: [] as number[],
      perSecond: [] as number[],
    }));
    for (let round = 0; round < rounds; round++) {
      for (const { server, milliseconds, perSecond } of samples) {
        const many = typeof count === 'number' ? count : count(server);
        const ask = (nth: number): string => head({ server, nth: round * many + nth });
        const before = processorSeconds(server.pid);
        const started = performance.now();
        await requestMany({ port: server.port, head: ask, count: many, connections, bodies: true });
        perSecond.push(many / ((performance.now() - started) / 1000));
        milliseconds.push(((processorSeconds(server.pid) - before) * 1000) / many);
      }
    }
    for (const { server, milliseconds, perSecond } of samples) {
      into.push({
        name,
        server: server.name,
        milliseconds: median(milliseconds),
        perSecond: median(perSecond),
      });
    }
  };
}

/** Users whose password nobody has used yet. */
export function newPeople(count: number): readonly Credentials[] {
  return Array.from({ length: count }, () => ({
    user: `u${randomBytes(6).toString('hex')}`,
    password: randomBytes(12).toString('base64url'),
  }));
}

/** The head of a request for a token that can pull. */
export function ask(
  { port, service, path }: TokenServer,
  repository: string,
  credentials?: Credentials,
): string {
  const query = new URLSearchParams({
    service,
    scope: `repository:${repository}:pull`,
    ...(credentials && { account: credentials.user }),
  });
  const headers = {
    host: `127.0.0.1:${port}`,
    ...(credentials && { authorization: basic(credentials) }),
  };
  return headText('GET', `${path}?${query}`, headers);
}

/** A form with the refresh token of a login. */
async function refreshForm(
  { port, service, path }: TokenServer,
  credentials: Credentials | undefined,
): Promise<string> {
  if (credentials === undefined) throw new Error('nobody is there to log in');
  const query = new URLSearchParams({ service, offline_token: 'true', client_id: 'bench' });
  const answer = await fetch(`http://127.0.0.1:${port}${path}?${query}`, {
    headers: { authorization: basic(credentials) },
  });
  const { refresh_token } = (await answer.json()) as { refresh_token: string };
  const scope = `repository:${REPOSITORY}:pull`;
  const form = { grant_type: 'refresh_token', service, client_id: 'bench', scope, refresh_token };
  return new URLSearchParams(form).toString();
}

function refreshHead({ port, path }: TokenServer, body: string): string {
  const headers = {
    host: `127.0.0.1:${port}`,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': String(body.length),
  };
  return headText('POST', path, headers) + body;
}
