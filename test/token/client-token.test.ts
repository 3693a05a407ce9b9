import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { importPKCS8, SignJWT } from 'jose';
import jwt from 'jsonwebtoken';
import type { Subject } from '../../src/policy/facts.ts';
import { ANONYMOUS } from '../../src/policy/facts.ts';
import type { Access } from '../../src/token/access.ts';
import { type ClientTokenOptions, createClientTokens, TOKEN_LIMIT } from '../../src/token/client-token.ts';
import { makeKey, pemOf } from './make-keys.ts';

const BUILD: Subject = {
  name: 'ci:job-7',
  kind: 'build',
  groups: ['ci'],
  method: 'oidc',
  build: { issuer: 'https://ci.corp', project: 'team/app', branch: 'main' },
  run: { token: 'ab'.repeat(32), number: 7, commit: '714a629c0b401fdce83e847fc9589983fc6f46bc' },
};
const ALICE: Subject = { name: 'alice', kind: 'person', groups: ['ci', 'admins'], method: 'password' };
const PULL: readonly Access[] = [{ type: 'repository', name: 'team/app', actions: ['pull'] }];
const PUSH: readonly Access[] = [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }];
const START = 1_800_000_000;

const key = makeKey('ES256');
const KEYS = [key] as const;

function start(options: Partial<ClientTokenOptions> = {}) {
  const clock = { seconds: START };
  const tokens = createClientTokens({
    keys: () => KEYS,
    issuer: 'registry-warden',
    audience: 'registry.corp',
    use: 'registry',
    lifetimeSeconds: 300,
    now: () => clock.seconds * 1000 + 999,
    random: randomBytes,
    ...options,
  });
  const sign = (access: readonly Access[] = PUSH, subject = ALICE) =>
    tokens.sign({ subject, address: '10.1.2.11', access });
  return { tokens, clock, sign };
}

type Json = Record<string, unknown>;

function parts(token: string): { header: Json; claims: Json; signature: string } {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const read = (text: string): Json => JSON.parse(Buffer.from(text, 'base64url').toString());
  return { header: read(header), claims: read(claims), signature };
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with our own signature over whatever is asked for. */
async function forge(claims: Json, header: Json = {}, signer = key): Promise<string> {
  const privateKey = await importPKCS8(pemOf(signer.privateKey), signer.algorithm);
  return new SignJWT(claims)
    .setProtectedHeader({ typ: 'JWT', alg: signer.algorithm, kid: signer.kid, ...header })
    .sign(privateKey);
}

/** A robot, and a grant that was approved. */
const BOUNDS = { repositories: ['team/**'], actions: ['pull', 'push'] } as const;
const ROBOT: Subject = { name: 'r', kind: 'robot', groups: ['ci'], method: 'robot', bounds: BOUNDS };
const GRANT: Subject = {
  ...{ name: 'alice', kind: 'person', groups: ['ci'], method: 'grant', approved: true },
  bounds: { ...BOUNDS, tags: ['v*'], addresses: ['10.1.2.11'] },
};

describe('a client’s token', () => {
  it.each([
    ['a robot', ROBOT],
    ['an approved grant', GRANT],
  ])('says the bounds of %s', (_name, subject) => {
    const { tokens } = start();
    const { token } = tokens.sign({ subject, address: '10.1.2.11', access: PUSH });
    expect(tokens.verify(token)).toMatchObject({ subject });
  });

  it.each([
    ['a robot without bounds', { method: 'robot', bounds: undefined }],
    ['a grant without bounds', { method: 'grant', approved: true, bounds: undefined }],
    ['bounds of somebody else', { method: 'password' }],
    ['an approval of something that is no grant', { approved: true }],
    ['bounds with variables', { bounds: { ...BOUNDS, repositories: ['{user}/**'] } }],
    ['bounds with an unknown action', { bounds: { ...BOUNDS, actions: ['fly'] } }],
    ['bounds with an unknown key', { bounds: { ...BOUNDS, more: [] } }],
    ['no repository', { bounds: { ...BOUNDS, repositories: [] } }],
  ])('is invalid with %s', async (_name, change) => {
    const { tokens } = start();
    const { claims } = parts(tokens.sign({ subject: ROBOT, address: '10.1.2.11', access: PUSH }).token);
    expect(tokens.verify(await forge(claims))).not.toBe('invalid');
    const warden = { ...(claims['warden'] as Json), ...change };
    expect(tokens.verify(await forge({ ...claims, warden: JSON.parse(JSON.stringify(warden)) }))).toBe(
      'invalid',
    );
  });

  it.each(['ES256', 'RS256'] as const)('says who asked, from where and for what: %s', (algorithm) => {
    const signer = makeKey(algorithm);
    const { tokens } = start({ keys: () => [signer] });
    const { token, jti, expiresInSeconds } = tokens.sign({
      subject: ALICE,
      address: '10.1.2.11',
      access: PUSH,
    });
    expect(expiresInSeconds).toBe(300);
    const { header, claims } = parts(token);
    expect(header).toEqual({ typ: 'JWT', alg: algorithm, kid: signer.kid });
    expect(claims).toEqual({
      iss: 'registry-warden',
      aud: 'registry.corp',
      sub: 'alice',
      exp: START + 300,
      nbf: START - 10,
      iat: START,
      jti,
      use: 'registry',
      access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push'] }],
      warden: { kind: 'person', groups: ['ci', 'admins'], method: 'password', ip: '10.1.2.11' },
    });
    expect(tokens.verify(token)).toEqual({
      subject: ALICE,
      jti,
      address: '10.1.2.11',
      access: PUSH,
      issuedAt: START,
      expiresAt: START + 300,
      authenticatedAt: START,
      via: {},
    });
  });

  it('says by what it was got, and since when, so that these can be revoked', () => {
    const { tokens } = start();
    const asked = { subject: ALICE, address: '10.1.2.11', access: PULL };
    const via = { session: 's1', robot: 'r1' };
    const { token } = tokens.sign({ ...asked, via, authenticatedAt: (START - 500) * 1000 + 999 });
    expect(parts(token).claims).toMatchObject({ auth_time: START - 500, warden: { via } });
    expect(tokens.verify(token)).toMatchObject({ via, authenticatedAt: START - 500 });
    expect(tokens.sign({ ...asked, via: { session: 's2' } }).token).not.toBe(token);
    // One that was never before it was signed.
    const ahead = tokens.sign({ ...asked, authenticatedAt: (START + 50) * 1000 });
    expect(tokens.verify(ahead.token)).toMatchObject({ authenticatedAt: START });
  });

  it('is good for no longer than the credential that it was got with', () => {
    const { tokens, clock } = start();
    const notAfter = (START + 100) * 1000;
    const asked = { subject: ALICE, address: '10.1.2.11', access: PUSH };
    const { token, expiresInSeconds } = tokens.sign({ ...asked, notAfter });
    expect([expiresInSeconds, parts(token).claims['exp']]).toEqual([100, START + 100]);
    expect(tokens.sign({ ...asked, notAfter: notAfter * 2 }).expiresInSeconds).toBe(300);
    clock.seconds += 200;
    expect(tokens.verify(token)).toBe('invalid');
    expect(tokens.sign({ ...asked, notAfter }).expiresInSeconds).toBe(0);
  });

  it('of a build says what its issuer vouched for', () => {
    const { tokens, sign } = start();
    const { token } = sign(PUSH, BUILD);
    expect(parts(token).claims).toMatchObject({
      warden: { kind: 'build', build: BUILD.build, run: BUILD.run },
    });
    expect(tokens.verify(token)).toMatchObject({ subject: BUILD });
  });

  it('of the anonymous subject has an empty name, and an empty list of rights is a list', () => {
    const { tokens, sign } = start();
    const { token } = sign([], ANONYMOUS);
    expect(parts(token).claims).toMatchObject({ sub: '', access: [] });
    expect(tokens.verify(token)).toMatchObject({ subject: ANONYMOUS, access: [] });
  });

  it('has an id of 128 random bits, and no two that can write share one', () => {
    const { sign } = start();
    const ids = new Set(Array.from({ length: 100 }, () => sign(PUSH).jti));
    expect(ids.size).toBe(100);
    for (const id of ids) expect(Buffer.from(id, 'base64url')).toHaveLength(16);
    const rights = (action: string) => [{ type: 'repository' as const, name: 'a', actions: [action] }];
    expect(sign(rights('delete')).jti).not.toBe(sign(rights('delete')).jti);
    expect(sign([...PULL, ...rights('push')]).jti).not.toBe(sign([...PULL, ...rights('push')]).jti);
  });

  it('that only pulls is the same for equal questions of one second, and of no other', () => {
    const { sign, clock, tokens } = start();
    const first = sign(PULL);
    expect(sign(PULL)).toBe(first);
    expect(sign(PULL, { ...ALICE, groups: [] }).jti).not.toBe(first.jti);
    expect(sign([...PULL, { type: 'repository', name: 'b', actions: ['pull'] }]).jti).not.toBe(first.jti);
    expect(tokens.sign({ subject: ALICE, address: '10.1.2.12', access: PULL }).jti).not.toBe(first.jti);
    clock.seconds += 1;
    expect(sign(PULL).jti).not.toBe(first.jti);
  });

  it('works from a minute before to a minute after its time', () => {
    const { clock, sign } = start();
    const { token } = sign();
    // Each asker is new, so that none remembers the token.
    const at = (seconds: number) => {
      clock.seconds = START + seconds;
      return start({ now: () => clock.seconds * 1000 }).tokens.verify(token) !== 'invalid';
    };
    expect([-61, -60, -55, 0, 299, 300, 355, 359, 360, 100_000].map(at)).toEqual([
      false,
      true,
      true,
      true,
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('that was found good once ends in time all the same', () => {
    const { clock, sign, tokens } = start();
    const { token } = sign();
    expect(tokens.verify(token)).toBe(tokens.verify(token));
    clock.seconds = START + 359;
    expect(tokens.verify(token)).not.toBe('invalid');
    clock.seconds = START + 360;
    expect(tokens.verify(token)).toBe('invalid');
    expect(tokens.verify(token)).toBe('invalid');
  });

  it('of an older key works while that key is listed, and no longer', () => {
    const next = makeKey('RS256');
    const { token } = start().sign();
    const during = start({ keys: () => [next, key] });
    expect(during.tokens.verify(token)).toMatchObject({ subject: { name: 'alice' } });
    expect(parts(during.sign().token).header['kid']).toBe(next.kid);
    expect(during.tokens.verify(during.sign().token)).toMatchObject({ subject: { name: 'alice' } });
    expect(start({ keys: () => [next] }).tokens.verify(token)).toBe('invalid');
  });
});

describe('a token is invalid', () => {
  it.each([
    ['of another audience', { audience: 'other.corp' }],
    ['of another issuer', { issuer: 'other' }],
    ['of another use', { use: 'api' }],
    ['of the API, with its audience', { use: 'api', audience: 'registry.corp/api' }],
    ['of another key', { keys: () => [makeKey()] }],
    ['of another kind of key', { keys: () => [makeKey('RS256')] }],
  ] as const)('%s', (_what, options) => {
    const { token } = start(options as Partial<ClientTokenOptions>).sign();
    expect(start().tokens.verify(token)).toBe('invalid');
  });

  it('with any header but ours', async () => {
    const { tokens, sign } = start();
    const { claims } = parts(sign().token);
    const attacker = makeKey();
    const jwk = attacker.publicKey.export({ format: 'jwk' });
    expect(tokens.verify(await forge(claims))).not.toBe('invalid');
    for (const header of [
      { kid: undefined },
      { kid: '' },
      { kid: 'unknown' },
      { kid: '__proto__' },
      { kid: attacker.kid },
      { typ: 'at+jwt' },
      { typ: 'jwt' },
      { typ: undefined },
      { jwk },
      { x5c: ['AAAA'] },
      { jku: 'https://evil.example/keys' },
      { x5u: 'https://evil.example/cert' },
      { cty: 'JWT' },
    ]) {
      expect([header, tokens.verify(await forge(claims, header))]).toEqual([header, 'invalid']);
    }
    // The key comes along, and the name is that of ours.
    expect(tokens.verify(await forge(claims, { jwk, kid: key.kid }, attacker))).toBe('invalid');
    expect(tokens.verify(await forge(claims, { kid: key.kid }, attacker))).toBe('invalid');
    const critical = `${encode({ typ: 'JWT', alg: 'ES256', kid: key.kid, crit: ['x'], x: 1 })}.${encode(claims)}.${'A'.repeat(86)}`;
    expect(tokens.verify(critical)).toBe('invalid');
  });

  it('without a signature, or with one of a shared secret that everyone knows', () => {
    const { tokens, sign } = start();
    const { claims } = parts(sign().token);
    const body = encode(claims);
    const header = (alg: string) => encode({ typ: 'JWT', alg, kid: key.kid });
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      expect(tokens.verify(`${header(alg)}.${body}.`)).toBe('invalid');
      expect(tokens.verify(`${header(alg)}.${body}.AAAA`)).toBe('invalid');
    }
    const secrets = [
      key.publicKey.export({ type: 'spki', format: 'pem' }),
      key.publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(key.publicKey.export({ format: 'jwk' })),
      '',
    ];
    for (const [alg, hash] of [
      ['HS256', 'sha256'],
      ['HS384', 'sha384'],
      ['HS512', 'sha512'],
    ] as const) {
      for (const secret of secrets) {
        const signed = `${header(alg)}.${body}`;
        const mac = createHmac(hash, secret).update(signed).digest('base64url');
        expect(tokens.verify(`${signed}.${mac}`)).toBe('invalid');
      }
    }
  });

  it('with another algorithm that fits the key', async () => {
    const rsa = makeKey('RS256');
    const { tokens, sign } = start({ keys: () => [rsa] });
    const { claims } = parts(sign().token);
    for (const algorithm of ['RS384', 'RS512', 'PS256'] as const) {
      const token = jwt.sign(claims, rsa.privateKey, { algorithm, keyid: rsa.kid });
      expect(tokens.verify(token)).toBe('invalid');
    }
    const ed = generateKeyPairSync('ed25519').privateKey;
    const token = await new SignJWT(claims)
      .setProtectedHeader({ typ: 'JWT', alg: 'EdDSA', kid: rsa.kid })
      .sign(await importPKCS8(pemOf(ed), 'EdDSA'));
    expect(tokens.verify(token)).toBe('invalid');
  });

  it('with any claim missing, added, or of another type, though the signature is ours', async () => {
    const { tokens, sign } = start();
    const { claims } = parts(sign().token);
    const warden = claims['warden'] as Json;
    const access = (claims['access'] as Json[])[0];
    for (const name of Object.keys(claims)) {
      const { [name]: _taken, ...rest } = claims;
      expect([name, tokens.verify(await forge(rest))]).toEqual([name, 'invalid']);
    }
    for (const change of [
      { aud: ['registry.corp'] },
      { aud: ['registry.corp', 'other'] },
      { iss: ['registry-warden'] },
      { sub: 7 },
      { sub: null },
      { sub: '' },
      { exp: `${START + 300}` },
      { exp: START + 300.5 },
      { exp: 1e20 },
      { exp: null },
      { nbf: START + 61 },
      { nbf: 'now' },
      { nbf: -1 },
      { iat: START + 61 },
      { iat: null },
      { jti: 'short' },
      { jti: 7 },
      { use: 'refresh' },
      { access: null },
      { access: [null] },
      { access: {} },
      { access: [{ ...access, type: 'repository(plugin)' }] },
      { access: [{ ...access, name: '' }] },
      { access: [{ ...access, actions: null }] },
      { access: [{ ...access, actions: ['everything'] }] },
      { access: [{ ...access, class: 'x' }] },
      { warden: null },
      { warden: { ...warden, kind: 'root' } },
      { warden: { ...warden, kind: 'anonymous' } },
      { warden: { ...warden, groups: 'ci' } },
      { warden: { ...warden, groups: [7] } },
      { warden: { ...warden, ip: undefined } },
      { warden: { ...warden, more: true } },
      { warden: { ...warden, kind: 'build' } },
      { warden: { ...warden, build: BUILD.build } },
      { warden: { ...warden, kind: 'build', build: {} } },
      { warden: { ...warden, kind: 'build', build: { issuer: 'x', more: 'y' } } },
      { warden: { ...warden, kind: 'build', build: BUILD.build, run: { token: 'short' } } },
      { admin: true },
    ]) {
      expect([change, tokens.verify(await forge({ ...claims, ...change }))]).toEqual([change, 'invalid']);
    }
  });

  it('when several things are wrong at once', async () => {
    const { tokens, sign } = start();
    const { claims } = parts(sign().token);
    const attacker = makeKey();
    const wrong = { ...claims, exp: START - 1000, aud: 'other', iss: 'other' };
    expect(tokens.verify(await forge(wrong, { kid: key.kid }, attacker))).toBe('invalid');
    expect(tokens.verify(await forge(wrong))).toBe('invalid');
  });

  it('when one bit of it is changed', () => {
    const { tokens, sign } = start();
    const { token } = sign();
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AQgw_-09'), (at, letter) => {
        const changed = token.slice(0, at) + letter + token.slice(at + 1);
        const [header, body, signature = ''] = changed.split('.');
        const [, , before = ''] = token.split('.');
        // The last letter of a signature has spare bits: a change of those is no change.
        const same =
          token.startsWith(`${header}.${body}.`) &&
          Buffer.from(signature, 'base64url').equals(Buffer.from(before, 'base64url'));
        if (!same) expect(tokens.verify(changed)).toBe('invalid');
      }),
    );
  });

  it('whatever else it is, without a throw', () => {
    const { tokens, sign } = start();
    const [header = ''] = sign().token.split('.');
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.base64String(), fc.base64String(), fc.base64String()).map((three) => three.join('.')),
      fc
        .tuple(fc.json(), fc.json())
        .map(
          ([a, b]) => `${Buffer.from(a).toString('base64url')}.${Buffer.from(b).toString('base64url')}.AAAA`,
        ),
      fc.json().map((json) => `${header}.${Buffer.from(json).toString('base64url')}.${'A'.repeat(86)}`),
    );
    fc.assert(
      fc.property(text, (token) => expect(tokens.verify(token)).toBe('invalid')),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a hundred kilobytes of dots', '.'.repeat(100_000)],
    ['a hundred kilobytes of letters', 'A'.repeat(100_000)],
    ['dots up to the limit', '.'.repeat(TOKEN_LIMIT)],
    ['a refresh token', `wrt_${'A'.repeat(16)}.${'A'.repeat(43)}`],
    ['nothing', ''],
    ['four parts', 'e30.e30.e30.e30'],
  ])('when it is %s', (_what, token) => {
    expect(start().tokens.verify(token)).toBe('invalid');
  });

  it('when it is longer than any that was signed here, though the signature is ours', async () => {
    const { tokens, sign } = start();
    const names = (count: number) =>
      Array.from({ length: count }, (_, index) => ({
        type: 'repository' as const,
        name: `a/${'b'.repeat(200)}${index}`,
        actions: ['pull'],
      }));
    expect(tokens.verify(sign(names(60)).token)).not.toBe('invalid');
    const long = sign(names(110)).token;
    expect(long.length).toBeGreaterThan(TOKEN_LIMIT);
    expect(tokens.verify(long)).toBe('invalid');
  });
});
