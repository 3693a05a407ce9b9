import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createIssuerKeys } from '../../src/identity/oidc/issuer-keys.ts';
import { keySourceOf } from '../../src/identity/oidc/key-source.ts';
import { createVerify, type Verified } from '../../src/identity/oidc/verify.ts';
import {
  type Issuer,
  type Members,
  makeSigningKey,
  partOf,
  publicJwk,
  startIssuer,
} from '../support/issuer.ts';
import { issuerOf } from './settings-of.ts';
import { AUDIENCE, GITHUB, GITLAB, JENKINS } from './shapes.ts';

const CLAIMS: Members = { sub: 'build-7', aud: AUDIENCE };
const second = (): number => Math.floor(Date.now() / 1000);

describe('an id token', () => {
  let issuer: Issuer;
  let other: Issuer;
  let verify: (user: string, token: string) => Promise<Verified>;

  const trusted = ({ url }: Issuer, entry: Readonly<Record<string, unknown>>) => {
    const settings = issuerOf({ issuer: url, ...entry });
    const keys = createIssuerKeys({
      source: keySourceOf(settings, 5_000),
      now: () => performance.now(),
      onProblem: () => undefined,
      onRecovered: () => undefined,
    });
    return { settings, keys };
  };

  beforeAll(async () => {
    [issuer, other] = await Promise.all([startIssuer(), startIssuer()]);
    verify = createVerify({
      issuers: [trusted(issuer, { name: 'one' }), trusted(other, { name: 'two', users: ['jwt', 'second'] })],
      now: Date.now,
    });
  });
  afterAll(async () => {
    await issuer?.stop();
    await other?.stop();
  });

  const whyOf = async (token: string, user = 'jwt'): Promise<string> => {
    const found = await verify(user, token);
    return found.ok ? 'taken' : found.why;
  };

  it.each([
    ['Jenkins', JENKINS],
    ['GitLab', GITLAB],
    ['GitHub', GITHUB],
  ])('as %s makes it is taken, under every user name of its issuer', async (_server, claims) => {
    const token = await issuer.token(claims);
    for (const user of ['jwt', 'oidc', '<token>'])
      expect(await verify(user, token)).toMatchObject({
        ok: true,
        subject: {
          name: `one:${claims['sub']}`,
          kind: 'build',
          method: 'oidc',
          build: { issuer: issuer.url },
        },
      });
  });

  it('counts under the user names of its issuer alone', async () => {
    expect(await whyOf(await other.token(CLAIMS), 'second')).toBe('taken');
    expect(await whyOf(await issuer.token(CLAIMS), 'second')).toMatch(/none of those listed/);
  });

  it('with the same subject from two issuers is of two builds', async () => {
    const names = await Promise.all(
      [issuer, other].map(async (one) => {
        const found = await verify('jwt', await one.token(CLAIMS));
        return found.ok && found.subject.name;
      }),
    );
    expect(names).toEqual(['one:build-7', 'two:build-7']);
  });

  it('is refused when another issuer signed it in the name of the first', async () => {
    expect(await whyOf(other.sign({ ...CLAIMS, iss: issuer.url }))).toBe('ERR_JWKS_NO_MATCHING_KEY');
    const token = other.sign({ ...CLAIMS, iss: issuer.url }, { kid: issuer.key().kid });
    expect(await whyOf(token)).toBe('ERR_JWS_SIGNATURE_VERIFICATION_FAILED');
  });

  it.each<[string, Members, RegExp]>([
    ['for another audience', { aud: 'elsewhere' }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['for another audience besides', { aud: [AUDIENCE, 'elsewhere'] }, /other audiences besides/],
    ['for none', { aud: undefined }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['that has expired', { exp: second() - 61 }, /ERR_JWT_EXPIRED/],
    ['that begins later', { nbf: second() + 90 }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['made in the future', { iat: second() + 90 }, /made in the future/],
    ['that never expires', { exp: undefined }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['that does not say when it was made', { iat: undefined }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['whose times are texts', { exp: '2999999999' }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['that was made for a month', { exp: second() + 30 * 86_400 }, /longer than 24 hours/],
    ['without a subject', { sub: undefined }, /ERR_JWT_CLAIM_VALIDATION_FAILED/],
    ['with two @ in its subject', { sub: 'a@evil.com@corp.com' }, /cannot be taken as the subject/],
    ['with a blank in its subject', { sub: 'alice bob' }, /cannot be taken as the subject/],
    ['of another issuer', { iss: 'https://elsewhere.example' }, /none of those listed/],
    ['of no issuer', { iss: undefined }, /none of those listed/],
  ])('%s is refused', async (_what, claims, why) => {
    expect(await whyOf(issuer.sign({ ...CLAIMS, ...claims }))).toMatch(why);
  });

  it('with one slash more in its issuer is of another', async () => {
    expect(await whyOf(issuer.sign({ ...CLAIMS, iss: `${issuer.url}/` }))).toMatch(/none of those/);
  });

  it('tells the build what is wrong when its signature held, and nothing before', async () => {
    expect(await verify('jwt', issuer.sign({ ...CLAIMS, exp: second() - 61 }))).toMatchObject({
      sentence: 'the token of one has expired; the build needs a new one',
    });
    const forged = other.sign({ ...CLAIMS, iss: issuer.url, exp: 1 }, { kid: issuer.key().kid });
    expect(await verify('jwt', forged)).not.toHaveProperty('sentence');
  });

  it('without a signature is no token', async () => {
    const claims = { iss: issuer.url, ...CLAIMS, iat: second(), exp: second() + 60 };
    const unsigned = `${partOf({ alg: 'none' })}.${partOf(claims)}.`;
    expect(await verify('jwt', unsigned)).toMatchObject({ ok: false });
    expect(await whyOf(`${unsigned}AAAA`)).toBe('ERR_JOSE_ALG_NOT_ALLOWED');
  });

  it('under a MAC with the public key is refused', async () => {
    const { kid, publicKey } = issuer.key();
    const claims = { iss: issuer.url, ...CLAIMS, iat: second(), exp: second() + 60 };
    const text = `${partOf({ alg: 'HS256', kid })}.${partOf(claims)}`;
    for (const secret of [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
    ]) {
      const mac = createHmac('sha256', secret).update(text).digest('base64url');
      expect(await whyOf(`${text}.${mac}`)).toBe('ERR_JOSE_ALG_NOT_ALLOWED');
    }
  });

  it('by an algorithm that is not listed is refused, also with the right key', async () => {
    expect(await whyOf(issuer.sign(CLAIMS, { alg: 'PS256' }))).toBe('ERR_JOSE_ALG_NOT_ALLOWED');
  });

  it.each<[string, () => Record<string, unknown>]>([
    ['a key of its own', () => ({ jwk: publicJwk(makeSigningKey()) })],
    ['the address of a key', () => ({ jku: 'https://evil.example/keys' })],
    ['the type of an access token', () => ({ typ: 'at+jwt' })],
    ['an extension that must be understood', () => ({ crit: ['x'], x: 1 })],
    ['an unknown kid', () => ({ kid: 'unknown' })],
  ])('whose header has %s is refused', async (_what, header) => {
    expect(await whyOf(issuer.sign(CLAIMS, header()))).toMatch(/ERR_(?:JW[SK]|JOSE_NOT)/);
  });

  it('without a kid is taken where its issuer has one key', async () => {
    expect(await whyOf(issuer.sign(CLAIMS, { kid: undefined }))).toBe('taken');
  });

  it('that was altered is refused', async () => {
    const [header, payload = '', signature] = (await issuer.token(CLAIMS)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Members;
    expect(await whyOf(`${header}.${partOf({ ...claims, sub: 'build-8' })}.${signature}`)).toBe(
      'ERR_JWS_SIGNATURE_VERIFICATION_FAILED',
    );
  });

  it('of absurd length is looked at no further', async () => {
    const token = issuer.sign({ ...CLAIMS, padding: 'x'.repeat(6_000) });
    expect(await whyOf(token)).toMatch(/none of those listed/);
  });
});
