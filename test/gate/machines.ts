/** A Warden with a policy for robots and grants, and requests to its API. */
import { BUILDER, type Front, POLICY, startFront, type UserName } from './front.ts';
import type { Ask, Reply } from './wire.ts';

/** alice manages robots of team/**; carol approves for prod/**; whoever is in ci pushes to prod/** with an approved grant. */
export const MACHINES_POLICY = `${POLICY}
  - id: robots-of-team
    allow: [robots]
    repositories: ["team/**"]
    who: { groups: [ci] }
  - id: prod-push
    allow: [pull, push]
    repositories: ["prod/**"]
    who: { groups: [ci], methods: [grant], approved: true }
    from: [builders]
    message: Production needs an approved grant.
  - id: prod-approve
    allow: [grants]
    repositories: ["prod/**"]
    who: { groups: [security] }
`;

export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Machines {
  readonly front: Front;
  login(user: UserName): Login;
  /** A request to the API, from a builder unless told. */
  api(path: string, login: Login, body?: unknown, more?: Partial<Ask>): Promise<Reply>;
  /** The token endpoint's answer. */
  askToken(login: Login, scope: string, from?: string): Promise<Reply>;
}

export async function startMachines(options: Parameters<typeof startFront>[0] = {}): Promise<Machines> {
  const front = await startFront({
    users: ['alice', 'bob', 'carol', 'frank', 'erin'],
    policy: MACHINES_POLICY,
    ...options,
  });
  return {
    front,
    login: (user) => ({ user, password: front.passwords[user] }),
    api: (path, basic, body, more = {}) =>
      front.ask({
        path: `/api/v1/${path}`,
        method: body === undefined ? 'GET' : 'POST',
        ...{ basic, from: BUILDER },
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: Buffer.from(JSON.stringify(body)),
        }),
        ...more,
      }),
    askToken: (basic, scope, from = BUILDER) =>
      front.ask({
        path: `/token?${new URLSearchParams({ service: front.service, scope })}`,
        basic,
        from,
      }),
  };
}

export type Json = Readonly<Record<string, unknown>>;

/** The JSON of an answer that must be good. */
export function json(reply: Reply): Json {
  if (reply.status >= 300) throw new Error(`${reply.status} ${reply.text}`);
  return JSON.parse(reply.text) as Json;
}

/** The items of a list that must be given. */
export function itemsOf(reply: Reply): readonly Json[] {
  return json(reply)['items'] as readonly Json[];
}
