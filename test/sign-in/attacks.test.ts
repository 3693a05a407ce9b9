import { createHmac, sign as signBytes } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '../gate/eventually.ts';
import type { Reply } from '../gate/wire.ts';
import { type Members, makeSigningKey, partOf, type SigningKey } from '../support/issuer.ts';
import { describeNeeding } from '../support/needs.ts';
import {
  type Begun,
  begin,
  comeBack,
  cookieIn,
  goThrough,
  OURS,
  type People,
  signIn,
  startPeople,
} from './front.ts';

const nameIn = (cookie: string): string => cookie.split('=')[0] ?? '';

describeNeeding(['docker-registry'], 'a sign-in by an issuer', () => {
  let people: People;
  beforeAll(async () => {
    people = await startPeople();
    people.issuer.people['ann'] = { groups: ['auditors'] };
  }, 60_000);
  afterAll(() => people?.stop());
  afterEach(() => {
    people.issuer.delay(0);
    for (const path of ['/token', '/jwks', '/.well-known/openid-configuration'])
      people.issuer.answer(path, undefined);
  });

  /** Why nobody was signed in, as the page is told. */
  function refusalOf(reply: Reply): string | null {
    expect(cookieIn(reply, 'warden')).toBeUndefined();
    const location = String(reply.headers['location']);
    expect(location.startsWith(`${people.front.warden.url}/ui/?`)).toBe(true);
    return new URL(location).searchParams.get('signIn');
  }
  const questions = (path = '/token'): number =>
    people.issuer.asked().filter((one) => one === `POST ${path}`).length;

  /** Where the issuer would send the browser back to, with a code that it never gave. */
  function backOf({ address }: Begun, more: Readonly<Record<string, string>> = {}): URL {
    const { front, issuer } = people;
    const state = address.searchParams.get('state') ?? '';
    const query = new URLSearchParams({ code: 'made-up', state, iss: issuer.url, ...more });
    return new URL(`${front.warden.url}/ui/signed-in/corp?${query}`);
  }

  describe('that was begun by somebody else', () => {
    test('counts in no other browser, and its code is not sent to the issuer', async () => {
      const { front } = people;
      const begun = await begin(front);
      const stolen = await goThrough(begun.address, 'ann');
      const before = questions();
      // Without a cookie, and with that of a sign-in of one's own.
      expect(refusalOf(await comeBack(front, stolen, undefined))).toBe('elsewhere');
      const own = await begin(front);
      expect(refusalOf(await comeBack(front, stolen, own.cookie))).toBe('elsewhere');
      // Under the name that the stolen one's would have.
      const renamed = own.cookie.replace(nameIn(own.cookie), nameIn(begun.cookie));
      expect(refusalOf(await comeBack(front, stolen, renamed))).toBe('elsewhere');
      expect(questions()).toBe(before);
      // Nor does it spoil either of them.
      expect(cookieIn(await comeBack(front, stolen, begun.cookie), 'warden')).toBeDefined();
      const mine = await comeBack(front, await goThrough(own.address, 'ann'), own.cookie);
      expect(cookieIn(mine, 'warden')).toBeDefined();
    });

    test.each([
      ['two cookies of the name', (cookie: string) => `${cookie}; ${nameIn(cookie)}=x`],
      ['a cookie that was changed', (cookie: string) => `${cookie.slice(0, -2)}AA`],
      ['a cookie that is cut', (cookie: string) => cookie.slice(0, 40)],
      ['a cookie of signs', (cookie: string) => `${nameIn(cookie)}=%00..`],
    ])('counts for nothing with %s', async (_what, spoil) => {
      const begun = await begin(people.front);
      const back = await goThrough(begun.address, 'ann');
      expect(refusalOf(await comeBack(people.front, back, spoil(begun.cookie)))).toBe('elsewhere');
    });

    test.each([
      ['an image', { 'sec-fetch-dest': 'image' }],
      ['a frame', { 'sec-fetch-dest': 'iframe' }],
      ['a script', { 'sec-fetch-mode': 'cors' }],
    ])('is not finished by %s of a page', async (_what, headers) => {
      const begun = await begin(people.front);
      const back = await goThrough(begun.address, 'ann');
      expect(refusalOf(await comeBack(people.front, back, begun.cookie, headers))).toBe('elsewhere');
    });

    test.each([
      ['without the header of the page', { 'x-warden-page': '' }],
      ['from another site', { 'sec-fetch-site': 'cross-site' }],
      ['from another origin', { origin: 'https://evil.example' }],
      ['by a navigation', { 'sec-fetch-mode': 'navigate' }],
      ['by a form', { 'content-type': 'text/plain' }],
    ])('is not begun %s', async (_how, headers) => {
      const { reply } = await begin(people.front, 'corp', { headers });
      expect([400, 415]).toContain(reply.status);
      expect(reply.headers['set-cookie']).toBeUndefined();
    });

    test('is not begun by following a link', async () => {
      const reply = await people.front.ask({ path: '/ui/sign-in/corp' });
      expect([reply.status, reply.headers['allow']]).toEqual([405, 'POST']);
    });

    test('is not begun at an address that the issuer does not send browsers back to', async () => {
      const elsewhere = { host: 'evil.example', origin: 'http://evil.example' };
      const { reply } = await begin(people.front, 'corp', { headers: elsewhere });
      expect(reply.status).toBe(400);
      expect(reply.error?.message).toBe(
        `this way of signing in works at ${people.front.warden.url}/ui/ alone`,
      );
    });
  });

  describe('that comes back twice', () => {
    test('is finished once, also where the issuer takes a code twice', async () => {
      const { front, issuer } = people;
      const begun = await begin(front);
      const nonce = begun.address.searchParams.get('nonce');
      issuer.answer('/token', tokens({ sub: 'ann', nonce, groups: ['auditors'] }));
      const replies = await Promise.all([1, 2, 3].map(() => comeBack(front, backOf(begun), begun.cookie)));
      const cookies = replies.flatMap((reply) => cookieIn(reply, 'warden') ?? []);
      expect(cookies).toHaveLength(1);
      expect(refusalOf(await comeBack(front, backOf(begun), begun.cookie))).toBe('refused');
    });

    test('is refused by the issuer too, whose code is spent', async () => {
      const { front } = people;
      const begun = await begin(front);
      const back = await goThrough(begun.address, 'ann');
      expect(cookieIn(await comeBack(front, back, begun.cookie), 'warden')).toBeDefined();
      expect(refusalOf(await comeBack(front, back, begun.cookie))).toBe('refused');
    });

    test('with a code of somebody else is refused: it was not made for this browser', async () => {
      const { front } = people;
      const hers = await begin(front);
      const code = (await goThrough(hers.address, 'ann')).searchParams.get('code') ?? '';
      const mine = await begin(front);
      expect(refusalOf(await comeBack(front, backOf(mine, { code }), mine.cookie))).toBe('refused');
    });
  });

  describe('with an answer of another issuer', () => {
    test('is refused at the address of the other one, which is asked for nothing', async () => {
      const { front, other } = people;
      const begun = await begin(front);
      const back = backOf(begun, { iss: other.url });
      back.pathname = '/ui/signed-in/other';
      const before = other.asked().length;
      expect(refusalOf(await comeBack(front, back, begun.cookie))).toBe('elsewhere');
      expect(other.asked().slice(before)).toEqual([]);
    });

    test.each([
      ['says so', (other: string) => ({ iss: other })],
      ['does not say whose it is', () => ({ iss: '' })],
    ])('that %s is refused before the code is sent anywhere', async (_what, more) => {
      const { front, other } = people;
      const begun = await begin(front);
      const back = backOf(begun, more(other.url));
      if (back.searchParams.get('iss') === '') back.searchParams.delete('iss');
      const before = questions();
      expect(refusalOf(await comeBack(front, back, begun.cookie))).toBe('refused');
      expect(questions()).toBe(before);
    });

    test.each(['code', 'state', 'iss'])('and one of its own is refused: two of %s', async (name) => {
      const begun = await begin(people.front);
      const back = backOf(begun);
      back.searchParams.append(name, 'x');
      const before = questions();
      expect(['refused', 'elsewhere']).toContain(refusalOf(await comeBack(people.front, back, begun.cookie)));
      expect(questions()).toBe(before);
    });

    test('there is none to begin with, or to come back from', async () => {
      const { reply } = await begin(people.front, 'nobody');
      expect(reply.status).toBe(404);
      const begun = await begin(people.front);
      const back = backOf(begun);
      back.pathname = '/ui/signed-in/nobody';
      expect(refusalOf(await comeBack(people.front, back, begun.cookie))).toBe('elsewhere');
    });
  });

  /** An answer of the token endpoint with an id token of these claims, by the issuer's key unless told. */
  function tokens(claims: Members, how: (text: string, head: Members) => string = signed()): RequestListener {
    const { issuer } = people;
    const now = Math.floor(Date.now() / 1000);
    const all = { iss: issuer.url, aud: issuer.clientId, iat: now, exp: now + 300, ...claims };
    return (_request, response) => {
      response.setHeader('content-type', 'application/json');
      const body = { access_token: 'x', token_type: 'bearer', id_token: how(partOf(all), {}) };
      response.end(JSON.stringify(body));
    };
  }
  function signed(key: SigningKey = people.issuer.key, header: Members = {}): (claims: string) => string {
    return (claims) => {
      const text = `${partOf({ alg: 'RS256', kid: key.kid, ...header })}.${claims}`;
      return `${text}.${signBytes('sha256', Buffer.from(text), key.privateKey).toString('base64url')}`;
    };
  }

  describe('with an id token', () => {
    const stranger = makeSigningKey();
    const past = Math.floor(Date.now() / 1000) - 3_600;
    test.each<[string, Members]>([
      ['of another sign-in', { nonce: 'another' }],
      ['without a nonce', { nonce: undefined }],
      ['for another audience', { aud: 'somebody-else' }],
      ['for another audience besides', { aud: ['registry', 'somebody-else'], azp: 'registry' }],
      ['made for another party', { aud: ['registry'], azp: 'somebody-else' }],
      ['of another issuer', { iss: 'https://evil.example' }],
      ['that has expired', { iat: past - 300, exp: past }],
      ['without an end', { exp: undefined }],
      ['without a subject', { sub: undefined }],
      ['of a subject with blanks', { sub: 'ann smith' }],
      ['of a subject with two @', { sub: 'ann@evil.example@corp.example' }],
      ['of a subject that is too long', { sub: 'x'.repeat(255) }],
      ['with groups that are none', { groups: { auditors: true } }],
    ])('%s is refused', async (_what, claims) => {
      const begun = await begin(people.front);
      const nonce = begun.address.searchParams.get('nonce');
      people.issuer.answer('/token', tokens({ sub: 'ann', nonce, groups: ['auditors'], ...claims }));
      expect(refusalOf(await comeBack(people.front, backOf(begun), begun.cookie))).toBe('refused');
    });

    test.each<[string, () => (claims: string) => string]>([
      ['that is not signed', () => (claims) => `${partOf({ alg: 'none' })}.${claims}.`],
      [
        'under a MAC with the public key',
        () => (claims) => mac(claims, people.issuer.key.publicKey.export({ type: 'spki', format: 'pem' })),
      ],
      ['under a MAC with the secret', () => (claims) => mac(claims, people.issuer.clientSecret)],
      [
        'of a stranger’s key with the kid of the issuer’s',
        () => signed({ ...stranger, kid: people.issuer.key.kid }),
      ],
      [
        'of a key that is in its header',
        () => signed(stranger, { jwk: stranger.publicKey.export({ format: 'jwk' }) }),
      ],
      ['of another algorithm', () => signed(people.issuer.key, { alg: 'RS512' })],
      ['whose signature is cut off', () => (claims) => signed()(claims).replace(/\.[^.]*$/, '.')],
    ])('%s is refused', async (_what, how) => {
      const begun = await begin(people.front);
      const nonce = begun.address.searchParams.get('nonce');
      people.issuer.answer('/token', tokens({ sub: 'ann', nonce, groups: ['auditors'] }, how()));
      expect(refusalOf(await comeBack(people.front, backOf(begun), begun.cookie))).toBe('refused');
    });

    test('that is right is taken, so that the refusals above are of what they say', async () => {
      const begun = await begin(people.front);
      const nonce = begun.address.searchParams.get('nonce');
      people.issuer.answer('/token', tokens({ sub: 'ann', nonce, groups: ['auditors'] }));
      expect(cookieIn(await comeBack(people.front, backOf(begun), begun.cookie), 'warden')).toBeDefined();
    });

    function mac(claims: string, key: string | Buffer): string {
      const text = `${partOf({ alg: 'HS256' })}.${claims}`;
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
    }
  });

  describe('where the issuer', () => {
    const endless: RequestListener = (_request, response) => {
      response.setHeader('content-type', 'application/json');
      const more = (): void => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    };
    const json =
      (status: number, body: object): RequestListener =>
      (_request, response) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };

    test.each<[string, RequestListener, string]>([
      ['answers without end', endless, 'unavailable'],
      ['fails', json(503, {}), 'unavailable'],
      ['answers with something else', (_request, response) => response.end('<p>hello'), 'unavailable'],
      [
        'redirects',
        (_request, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
        'unavailable',
      ],
      ['does not know this registry', json(401, { error: 'invalid_client' }), 'unavailable'],
      ['refuses the code', json(400, { error: 'invalid_grant' }), 'refused'],
      ['gives no id token', json(200, { access_token: 'x', token_type: 'bearer' }), 'refused'],
    ])('%s, nobody is signed in, and it is said', async (_what, answer, refusal) => {
      const begun = await begin(people.front);
      people.issuer.answer('/token', answer);
      expect(refusalOf(await comeBack(people.front, backOf(begun), begun.cookie))).toBe(refusal);
    });

    test('has failed, failures of its own lock nobody out', async () => {
      expect(await signIn(people.front, 'ann')).toMatch(/^warden=/);
    });
  });

  test.each([
    ['//evil.example/', '/ui/'],
    ['/\\evil.example/', '/ui/'],
    ['https://evil.example/ui/', '/ui/'],
    ['/ui/../../evil', '/ui/'],
    ['/ui/%2e%2e//evil.example', '/ui/'],
    ['/ui/..//evil.example', '/ui/'],
    ['/ui/\t//evil.example', '/ui/'],
    ['javascript:alert(1)', '/ui/'],
    ['/ui/signed-in/corp?code=x', '/ui/'],
    ['/v2/', '/ui/'],
    ['/ui/records?tag=//evil', '/ui/records?tag=//evil'],
  ])('asked to go on to %s goes to %s', async (returnTo, expected) => {
    const { front } = people;
    const { address, cookie } = await begin(front, 'corp', { returnTo });
    const reply = await comeBack(front, await goThrough(address, 'ann'), cookie);
    expect(reply.headers['location']).toBe(front.warden.url + expected);
  });

  test('cannot be begun over the limit of a head, nor with more than is asked for', async () => {
    const ask = (body: string) =>
      people.front.ask({ method: 'POST', path: '/ui/sign-in/corp', headers: OURS, body });
    expect((await ask(JSON.stringify({ returnTo: '/ui/', admin: true }))).status).toBe(400);
    expect((await ask(JSON.stringify({ returnTo: `/ui/${'x'.repeat(9_000)}` }))).status).toBe(413);
    expect((await ask('{')).status).toBe(400);
  });

  test('waits for an issuer that is gone no longer than is said, while passwords and other issuers go on', async () => {
    const { front, other } = people;
    await other.close();
    await front.warden.restart();
    const begun = await begin(front, 'other');
    expect([begun.reply.status, begun.reply.error?.message]).toEqual([
      503,
      'Corp other does not answer as it must now; try again later, or sign in with a password',
    ]);
    expect(await signIn(front, 'ann')).toMatch(/^warden=/);
    const login = await front.ask({
      method: 'POST',
      path: '/ui/session',
      headers: OURS,
      body: JSON.stringify({ user: 'erin', password: front.passwords.erin }),
    });
    expect(login.status).toBe(200);
    expect((await front.operations('/metrics')).text).toContain('warden_issuers_unreachable 1');
    await other.listen();
    await eventually(
      async () => (await begin(front, 'other')).reply.status,
      (status) => status === 200,
    );
  });
});
