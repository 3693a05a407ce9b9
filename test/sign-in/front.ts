/** A Warden to which people sign in by issuers, and a browser as far as signing in needs one. */
import { writeFileSync } from 'node:fs';
import { type Front, startFront } from '../gate/front.ts';
import type { Reply } from '../gate/wire.ts';
import { type PeopleIssuer, startPeopleIssuer } from '../support/people-issuer.ts';
import { makeTemp } from '../support/temp.ts';

export const OURS = {
  'x-warden-page': '1',
  'sec-fetch-site': 'same-origin',
  'content-type': 'application/json',
};

export const POLICY = `
rules:
  - id: pulls
    allow: [pull]
    repositories: ["**"]
  - id: auditors
    allow: [audit]
    repositories: ["**"]
    who: { groups: [auditors] }
  - id: team
    allow: [audit]
    repositories: ["team/**"]
    who: { groups: [team], kinds: [person], methods: [oidc] }
  - id: alice-alone
    allow: [audit]
    repositories: ["**"]
    who: { users: [alice] }
`;

export interface People {
  readonly issuer: PeopleIssuer;
  /** A second issuer, `other`. */
  readonly other: PeopleIssuer;
  readonly front: Front;
  stop(): Promise<void>;
}

export function entryOf(issuer: PeopleIssuer, name: string, secretFile: string): Record<string, unknown> {
  writeFileSync(secretFile, `${issuer.clientSecret}\n`, { mode: 0o600 });
  return {
    ...{ name, title: `Corp ${name}`, issuer: issuer.url, clientId: issuer.clientId },
    clientSecretFile: secretFile,
    groups: { claim: 'groups', among: ['auditors', 'team'] },
  };
}

export async function startPeople(
  entry: Readonly<Record<string, unknown>> = {},
  settings: Readonly<Record<string, unknown>> = {},
): Promise<People> {
  const temp = makeTemp('sign-in');
  const issuer = await startPeopleIssuer();
  const other = await startPeopleIssuer({ host: '127.0.0.3' });
  const stopIssuers = async (): Promise<void> => {
    await issuer.stop();
    await other.stop();
    await temp.stop();
  };
  try {
    const front = await startFront({
      users: ['alice', 'erin'],
      policy: POLICY,
      settings: {
        page: {
          signIn: [
            { ...entryOf(issuer, 'corp', temp.at('corp.secret')), ...entry },
            entryOf(other, 'other', temp.at('other.secret')),
          ],
        },
        ...settings,
      },
    });
    issuer.allow(front.warden.url, 'corp');
    other.allow(front.warden.url, 'other');
    return {
      ...{ issuer, other, front },
      async stop() {
        await front.stop();
        await stopIssuers();
      },
    };
  } catch (error) {
    await stopIssuers();
    throw error;
  }
}

/** A sign-in that was begun: what the browser holds of it. */
export interface Begun {
  readonly reply: Reply;
  /** Where the browser is sent. */
  readonly address: URL;
  /** `name=value` of the cookie. */
  readonly cookie: string;
}

export async function begin(
  front: Front,
  called = 'corp',
  { returnTo = '/ui/records', headers = {} as Readonly<Record<string, string>> } = {},
): Promise<Begun> {
  const reply = await front.ask({
    method: 'POST',
    path: `/ui/sign-in/${called}`,
    headers: { ...OURS, ...headers },
    body: JSON.stringify({ returnTo }),
  });
  const address =
    reply.status === 200 ? (JSON.parse(reply.text) as { address: string }).address : 'about:blank';
  return { reply, address: new URL(address), cookie: cookieIn(reply, 'warden-sign-in-[\\w-]+') ?? '' };
}

/** @param name a pattern. @returns `name=value` as an answer sets it; undefined where it does not, or takes it away. */
export function cookieIn(reply: Reply, name: string): string | undefined {
  const found = new RegExp(`(?:^|, )(${name}=[^;,]+);`).exec(String(reply.headers['set-cookie']));
  return found?.[1];
}

/** What somebody does at the issuer, until it sends the browser back: that address. */
export async function goThrough(address: URL, login: string, choice: 'in' | 'no' = 'in'): Promise<URL> {
  const jar = new Map<string, string>();
  let at = address;
  for (let step = 0; step < 12; step++) {
    const posts = at.pathname.startsWith('/interaction/');
    const reply = await fetch(at, {
      redirect: 'manual',
      headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(posts && { method: 'POST', body: new URLSearchParams({ login, do: choice }) }),
    });
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, value);
    }
    const next = reply.headers.get('location');
    if (next === null) throw new Error(`the issuer answered ${reply.status}: ${await reply.text()}`);
    at = new URL(next, at);
    if (at.pathname.startsWith('/ui/')) return at;
  }
  throw new Error('the issuer does not send the browser back');
}

export function comeBack(
  front: Front,
  address: URL,
  cookie: string | undefined,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return front.ask({
    path: `${address.pathname}${address.search}`,
    headers: { ...(cookie && { cookie }), ...headers },
  });
}

/** @returns `name=value` of the session's cookie. */
export async function signIn(front: Front, login: string, called = 'corp'): Promise<string> {
  const { address, cookie } = await begin(front, called);
  const reply = await comeBack(front, await goThrough(address, login), cookie);
  const session = cookieIn(reply, 'warden');
  if (session === undefined) throw new Error(`not signed in: ${reply.status} ${reply.headers['location']}`);
  return session;
}
