/** A Warden as the tests of its protocol want it: two builders, one host that may not push, and who is who. */
import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { RunningRegistry } from '../support/registry.ts';
import { type RunningWarden, type Settings, startWarden } from '../support/warden.ts';
import { type Ask, ask, type Place, type Reply } from './wire.ts';

/** Hosts from which the policy lets push. */
export const BUILDER = '127.0.0.5';
export const OTHER_BUILDER = '127.0.0.7';
/** A host of the intranet that may only pull. */
export const ELSEWHERE = '127.0.0.6';

export const HINT = 'Push through Jenkins, "please" – help: https://wiki.example/push';

/**
 * alice and frank (ci) push from the builders; bob pulls; carol (security) alone sees `sec` and `hidden`; dave (cleaners) deletes and lists.
 * In `bound` a token works only where it was fetched; in `fixed` tags may be made and never moved.
 */
export const POLICY = `
hosts:
  jenkins-01: { addresses: [${BUILDER}] }
  jenkins-02: { addresses: [${OTHER_BUILDER}] }
networks:
  intranet: [127.0.0.0/8]
  builders: [jenkins-01, jenkins-02]
rules:
  - id: intranet-pulls
    allow: [pull]
    repositories: [pub, "pub/**", "team/**", "bound/**", "fixed/**", "sec/tags/list", "sec/blobs/uploads"]
    from: [intranet]
  - id: team-push
    allow: [push]
    repositories: [pub, "pub/**", "team/**"]
    who: { groups: [ci] }
    from: [builders]
    message: '${HINT}'
  - id: bound-push
    allow: [push]
    repositories: ["bound/**"]
    who: { groups: [ci] }
    from: [builders]
    bind: address
  - id: fixed-create
    allow: [create]
    repositories: ["fixed/**"]
    who: { groups: [ci] }
    from: [builders]
    message: Tags are never moved here.
  - id: security
    allow: [pull, push]
    repositories: [sec, hidden]
    who: { groups: [security] }
  - id: cleaners
    allow: [delete, list, pull]
    repositories: ["pub/**", pub, "team/**"]
    who: { groups: [cleaners] }
  - id: auditors
    allow: [audit]
    repositories: ["**"]
    who: { groups: [auditors] }
`;

const GROUPS = {
  alice: ['ci'],
  bob: [],
  carol: ['security'],
  dave: ['cleaners'],
  erin: ['auditors'],
  frank: ['ci'],
} as const;
export type UserName = keyof typeof GROUPS;

export interface TokenAsk {
  readonly user?: UserName;
  readonly scope?: string | readonly string[];
  readonly from?: string;
  readonly service?: string;
  /** Further parameters. */
  readonly more?: Readonly<Record<string, string>>;
}

export interface Front {
  readonly warden: RunningWarden;
  readonly place: Place;
  readonly registry: RunningRegistry;
  /** The audience of the clients' tokens. */
  readonly service: string;
  readonly passwords: Readonly<Record<UserName, string>>;
  /** The whole answer of the token endpoint. */
  askToken(question: TokenAsk): Promise<Reply>;
  /** A token that must be given. */
  token(question: TokenAsk): Promise<string>;
  ask(question: Ask): Promise<Reply>;
  /** Asks the listener of those who run Warden, each time on a new connection: it may have been started again since. */
  operations(path: string, method?: string): Promise<Reply>;
  stop(): Promise<void>;
}

export interface FrontOptions {
  readonly users?: readonly UserName[];
  readonly settings?: Settings;
  readonly policy?: string;
  readonly version?: 2 | 3;
  readonly deletes?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly notifications?: boolean;
}

export async function startFront(options: FrontOptions = {}): Promise<Front> {
  const passwords = Object.fromEntries(
    Object.keys(GROUPS).map((name) => [name, randomBytes(12).toString('base64url')]),
  ) as Record<UserName, string>;
  const users = (options.users ?? ['alice', 'bob']).map((name) => ({
    name,
    password: passwords[name],
    groups: GROUPS[name],
  }));
  const warden = await startWarden({
    policy: options.policy ?? POLICY,
    users,
    ...(options.env && { env: options.env }),
    settings: {
      logins: { failuresPerMinute: { byAddress: 10_000, byUserAndAddress: 10_000, overall: 10_000 } },
      ...options.settings,
    },
    ...(options.notifications !== undefined && { notifications: options.notifications }),
    registry: {
      ...(options.version && { version: options.version }),
      ...(options.deletes !== undefined && { deletes: options.deletes }),
    },
  });
  const place = { host: warden.host, port: warden.port };
  const service = warden.address;

  async function askToken({ user, scope = [], from, service: other, more = {} }: TokenAsk): Promise<Reply> {
    const query = new URLSearchParams({ service: other ?? service, ...more });
    for (const one of typeof scope === 'string' ? [scope] : scope) query.append('scope', one);
    return ask(place, {
      path: `/token?${query}`,
      ...(user && { basic: { user, password: passwords[user] } }),
      ...(from && { from }),
    });
  }

  return {
    warden,
    place,
    registry: warden.registry,
    service,
    passwords,
    askToken,
    async token(question) {
      return tokenIn(await askToken(question));
    },
    ask: (question) => ask(place, question),
    operations(path, method = 'GET') {
      const { hostname, port } = new URL(warden.operationsUrl);
      return ask({ host: hostname, port: Number(port) }, { method, path });
    },
    stop: () => warden.stop(),
  };
}

export interface Claims {
  readonly sub: string;
  readonly jti: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly access: readonly {
    readonly type: string;
    readonly name: string;
    readonly actions: readonly string[];
  }[];
}

/** The token of an answer of the token endpoint, which must be a good one. */
export function tokenIn(reply: Reply): string {
  expect({ status: reply.status, text: reply.status === 200 ? '' : reply.text }).toEqual({
    status: 200,
    text: '',
  });
  const body = JSON.parse(reply.text) as Record<string, unknown>;
  expect(typeof body['token']).toBe('string');
  expect(body['access_token']).toBe(body['token']);
  return String(body['token']);
}

/** The claims of a token, after a look at the types that readers of tokens insist on. */
export function claimsOf(token: string): Claims {
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims;
  expect(typeof claims.aud).toBe('string');
  expect(typeof claims.sub).toBe('string');
  for (const time of [claims.iat, claims.exp]) expect(Number.isInteger(time)).toBe(true);
  expect(claims.access.every((entry) => entry !== null && Array.isArray(entry.actions))).toBe(true);
  return claims;
}

/** `type:name` to sorted actions. */
export function accessIn(reply: Reply): Readonly<Record<string, readonly string[]>> {
  const { access } = claimsOf(tokenIn(reply));
  const entries = access.map(({ type, name, actions }) => [`${type}:${name}`, [...actions].sort()] as const);
  // One entry for each name: readers differ in what two of them mean.
  expect(new Set(entries.map(([key]) => key)).size).toBe(entries.length);
  return Object.fromEntries(entries);
}

let marks = 0;
/** Where the registry's log is now, with all in it that was asked before: marked by a request of the test's own. */
export async function registryMoment(registry: RunningRegistry): Promise<number> {
  const mark = `/mark-${process.pid}-${++marks}`;
  await ask({ host: registry.host, port: registry.port }, { path: mark });
  for (let tries = 0; !registry.log().includes(`${mark} `); tries++) {
    if (tries > 200) throw new Error('the registry does not log what it is asked');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return registry.log().length;
}

/** What the registry logged of requests since that moment until now. */
export async function registryRequests(registry: RunningRegistry, since = 0): Promise<string[]> {
  const end = await registryMoment(registry);
  const lines = registry.log().slice(since, end).split('\n');
  return lines.filter(
    (line) => / "(?:[A-Z]+) \S+ HTTP\/1\.[01]" \d{3} /.test(line) && !line.includes('/mark-'),
  );
}
