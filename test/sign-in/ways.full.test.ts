import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { JWK } from 'oidc-provider';
import { parse, stringify } from 'yaml';
import { type Front, startFront } from '../gate/front.ts';
import { describeNeeding } from '../support/needs.ts';
import { type PeopleIssuer, startPeopleIssuer } from '../support/people-issuer.ts';
import { makeSelfSigned } from '../support/self-signed.ts';
import { makeTemp } from '../support/temp.ts';
import { begin, comeBack, cookieIn, entryOf, goThrough, OURS, POLICY } from './front.ts';

/** Behind a proxy that terminates TLS, so that everything is as it is over https. */
const PUBLIC = 'https://registry.corp';
const PROXIED = {
  'x-forwarded-proto': 'https',
  'x-forwarded-for': '10.1.2.3',
  host: 'registry.corp',
  origin: PUBLIC,
};

describeNeeding(['docker-registry'], 'this registry as client of an issuer', () => {
  const temp = makeTemp('sign-in-ways');
  const issuers: PeopleIssuer[] = [];
  let front: Front;

  beforeAll(async () => {
    const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(temp.at('client.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    const clientKey = { ...pair.publicKey.export({ format: 'jwk' }), use: 'sig' } as JWK;
    const files = { key: temp.at('tls.pem'), cert: temp.at('tls.crt') };
    await makeSelfSigned(files, 'issuer', '-days', '2', '-addext', 'subjectAltName=IP:127.0.0.4');
    const tls = { key: readFileSync(files.key, 'utf8'), cert: readFileSync(files.cert, 'utf8') };
    const keyed = await startPeopleIssuer({ clientKey, userinfoOnly: true });
    issuers.push(keyed);
    const posted = await startPeopleIssuer({ host: '127.0.0.3', secretBy: 'client_secret_post' });
    issuers.push(posted);
    const overTls = await startPeopleIssuer({ host: '127.0.0.4', tls });
    issuers.push(overTls);
    front = await startFront({
      users: ['alice'],
      policy: POLICY,
      settings: {
        publicUrl: PUBLIC,
        trustedProxies: ['127.0.0.1'],
        page: {
          signIn: [
            {
              ...entryOf(keyed, 'keyed', temp.at('unused')),
              ...{ clientSecretFile: undefined, clientKeyFile: temp.at('client.pem') },
              ...{ userinfo: true, scopes: ['openid', 'profile'], subject: 'preferred_username' },
            },
            {
              ...entryOf(posted, 'posted', temp.at('posted')),
              ...{ secretBy: 'client_secret_post', endSession: false },
            },
            { ...entryOf(overTls, 'tls', temp.at('tls')), caFile: files.cert },
            { ...entryOf(overTls, 'distrusted', temp.at('tls')), clientId: 'another' },
          ],
        },
      },
    });
    keyed.allow(PUBLIC, 'keyed');
    keyed.people['4711'] = { preferred_username: 'ann', groups: ['team'], sub: 'ignored' };
    posted.allow(PUBLIC, 'posted');
    posted.people['tom'] = { groups: ['team'] };
  }, 60_000);
  afterAll(async () => {
    await front?.stop();
    for (const issuer of issuers) await issuer.stop();
    await temp.stop();
  });

  const session = (cookie: string, method = 'GET') =>
    front.ask({ method, path: '/ui/session', headers: { ...OURS, ...PROXIED, cookie } });
  async function signIn(called: string, login: string): Promise<string> {
    const begun = await begin(front, called, { headers: PROXIED });
    expect(String(begun.reply.headers['set-cookie'])).toMatch(
      /^__Host-warden-sign-in-[\w-]{16}=[\w-]+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    const sealed = cookieIn(begun.reply, '__Host-warden-sign-in-[\\w-]+');
    const back = await goThrough(begun.address, login);
    expect(back.origin).toBe(PUBLIC);
    const reply = await comeBack(front, back, sealed, PROXIED);
    expect(reply.headers['location']).toBe(`${PUBLIC}/ui/records`);
    return cookieIn(reply, '__Host-warden') ?? '';
  }

  test('proves who it is by a key, and reads at the userinfo endpoint what the id token has not', async () => {
    const mine = await signIn('keyed', '4711');
    expect(JSON.parse((await session(mine)).text)).toMatchObject({
      user: { name: 'keyed:ann', groups: ['team'] },
    });
  });

  test('sends its secret in the form where the issuer wants it there', async () => {
    expect(JSON.parse((await session(await signIn('posted', 'tom'))).text)).toMatchObject({
      user: { name: 'posted:tom' },
    });
  });

  test('signs nobody out of an issuer where the settings leave that away', async () => {
    const reply = await session(await signIn('posted', 'tom'), 'DELETE');
    expect([reply.status, reply.text]).toEqual([204, '']);
  });

  test('asks over TLS whom the CA of the settings vouches for, and nobody else', async () => {
    const begun = await begin(front, 'tls', { headers: PROXIED });
    const state = begun.address.searchParams.get('state') ?? '';
    const [, , overTls] = issuers;
    const query = new URLSearchParams({ code: 'x', state, iss: overTls?.url ?? '' });
    const reply = await comeBack(
      front,
      new URL(`${PUBLIC}/ui/signed-in/tls?${query}`),
      cookieIn(begun.reply, '__Host-warden-sign-in-[\\w-]+'),
      PROXIED,
    );
    // The issuer was asked, and does not know the code.
    expect(reply.headers['location']).toContain('/ui/?signIn=refused&');
    expect((await begin(front, 'distrusted', { headers: PROXIED })).reply.status).toBe(503);
  });

  test('is not told of a sign-in over plain HTTP from another machine', async () => {
    const plain = { ...PROXIED, 'x-forwarded-proto': 'http', origin: 'http://registry.corp' };
    const { reply } = await begin(front, 'posted', { headers: plain });
    expect([reply.status, reply.headers['set-cookie']]).toEqual([401, undefined]);
  });

  test('ends the sessions of an issuer whose settings take something else, and no others', async () => {
    const [keyed, posted] = [await signIn('keyed', '4711'), await signIn('posted', 'tom')];
    const file = front.warden.settingsFile;
    const settings = parse(readFileSync(file, 'utf8')) as {
      page: { signIn: { name: string; groups: { always?: string[] } }[] };
    };
    for (const entry of settings.page.signIn)
      if (entry.name === 'posted') entry.groups.always = ['everybody'];
    writeFileSync(file, stringify(settings));
    await front.warden.restart();
    expect(JSON.parse((await session(keyed)).text)).toHaveProperty('user');
    expect(JSON.parse((await session(posted)).text)).not.toHaveProperty('user');
  });
});
