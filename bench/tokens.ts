/** The token endpoint: what one token costs the server's processor, Warden beside docker_auth. */
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { hash } from '@node-rs/bcrypt';
import { ADMIN, person, startSlapd } from '../test/support/slapd.ts';
import { makeTemp, type Temp } from '../test/support/temp.ts';
import { processorSeconds } from './process-facts.ts';
import { headText, requestMany } from './requests.ts';
import { basic, type Credentials } from './site.ts';
import type { Sizes } from './sizes.ts';
import {
  dockerAuthProgram,
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

  const costs: TokenCost[] = [];
  const passwordFile = temp.at('directory-password');
  writeFileSync(passwordFile, `${ADMIN.password}\n`, { mode: 0o600 });
  const directory = { port: slapd.port, passwordFile };
  const main = await startBoth({ algorithm: 'ES256', users, directory }, temp, endings);
  for (const server of main) {
    const measure = measuring(server, sizes, costs);
    await warmUp(server, sizes);
    await measure('anonymous, the same scope', sizes.tokens, () => ask(server, REPOSITORY));
    await measure('anonymous, another scope each time', sizes.tokens, (nth) => ask(server, `bench/x${nth}`));
    for (const [cost, made] of byCost) {
      await measure(`bcrypt ${cost}, first login`, made.length, (nth) => ask(server, REPOSITORY, made[nth]));
      // Others look at the password each time, so as few as there are first logins.
      const again = server.name === 'warden' ? sizes.tokens : made.length;
      await measure(`bcrypt ${cost}, again`, again, () => ask(server, REPOSITORY, made[0]));
    }
    await measure('LDAP, first login', people.length, (nth) => ask(server, REPOSITORY, people[nth]));
    await measure('LDAP, again', people.length, () => ask(server, REPOSITORY, people[0]));
    if (server.name !== 'warden') continue;
    const [, first] = [...byCost.values()];
    const body = await refreshForm(server, first?.[0]);
    await measure('refresh token', sizes.tokens, () => refreshHead(server, body));
  }
  for (const [name, options] of [
    ['anonymous, RS256', { algorithm: 'RS256' }],
    [`anonymous, ${sizes.rules.at(-1)} rules`, { algorithm: 'ES256', rules: sizes.rules.at(-1) ?? 0 }],
  ] as const) {
    for (const server of await startBoth(options, temp, endings)) {
      await warmUp(server, sizes);
      // docker_auth reads every rule for each token.
      const count = server.name === 'docker_auth' && 'rules' in options ? sizes.logins : sizes.tokens;
      await measuring(server, sizes, costs)(name, count, (nth) => ask(server, `bench/x${nth}`));
    }
  }
  return costs;
}

/** Warden, and docker_auth where it is. */
async function startBoth(
  options: TokenServerOptions,
  temp: Temp,
  endings: AsyncDisposableStack,
): Promise<readonly TokenServer[]> {
  const program = dockerAuthProgram();
  const servers = [
    await startWardenTokens(options),
    ...(program === undefined ? [] : [await startDockerAuth(program, temp, options)]),
  ];
  for (const server of servers) endings.defer(() => server.stop());
  return servers;
}

/** A runtime compiles its code once, and a service runs for months. */
async function warmUp(server: TokenServer, { connections, tokens }: Sizes): Promise<void> {
  const count = server.name === 'warden' ? tokens : connections;
  await requestMany({
    port: server.port,
    head: (nth) => ask(server, `bench/w${nth}`),
    count,
    connections,
    bodies: true,
  });
}

function measuring({ name: server, pid, port }: TokenServer, { connections }: Sizes, into: TokenCost[]) {
  return async (name: string, count: number, head: (nth: number) => string): Promise<void> => {
    const before = processorSeconds(pid);
    const started = performance.now();
    await requestMany({ port, head, count, connections, bodies: true });
    const seconds = (performance.now() - started) / 1000;
    const milliseconds = ((processorSeconds(pid) - before) * 1000) / count;
    into.push({ name, server, milliseconds, perSecond: count / seconds });
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
