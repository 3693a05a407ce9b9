import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createKnownIssuer, type KnownIssuer } from '../../src/identity/sign-in/known-issuer.ts';
import { type PeopleIssuer, startPeopleIssuer } from '../support/people-issuer.ts';
import { issuerOf } from './settings-of.ts';

const TIMES = { answerMs: 300, freshMs: 1_000, pauseMs: 100 };

describe('an issuer of people', () => {
  let issuer: PeopleIssuer;
  let now: number;
  let told: string[];
  let known: KnownIssuer;
  beforeEach(async () => {
    issuer = await startPeopleIssuer();
    [now, told] = [0, []];
    known = open(issuer.url);
  });
  afterEach(() => issuer.stop());

  function open(url: string): KnownIssuer {
    return createKnownIssuer({
      settings: issuerOf({ issuer: url, clientId: issuer.clientId }),
      credential: async () => ({ secret: issuer.clientSecret }),
      now: () => now,
      onProblem: (why) => told.push(why),
      onRecovered: () => told.push('recovered'),
      times: TIMES,
    });
  }
  const questions = (): number => issuer.asked().length;
  const discovered = (body: object): void =>
    issuer.answer('/.well-known/openid-configuration', (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    });

  test('is asked once by all who need it, and again when what it said is old', async () => {
    await Promise.all([known.read(), known.read(), known.read()]);
    await known.read();
    expect(questions()).toBe(1);
    now += TIMES.freshMs;
    await known.read();
    expect(questions()).toBe(2);
    expect([known.failing(), told]).toEqual([false, []]);
  });

  test('is asked no more often than is said while it does not answer, and found again', async () => {
    issuer.answer('/.well-known/openid-configuration', (_request, response) => response.writeHead(503).end());
    for (let turn = 0; turn < 5; turn++) await expect(known.read()).rejects.toThrow('answered 503');
    expect([questions(), known.failing(), told.length]).toEqual([1, true, 1]);
    now += TIMES.pauseMs;
    await expect(known.read()).rejects.toThrow('answered 503');
    expect(told).toHaveLength(1);
    issuer.answer('/.well-known/openid-configuration', undefined);
    now += TIMES.pauseMs;
    await known.read();
    expect([known.failing(), told[1]]).toEqual([false, 'recovered']);
  });

  test('that was well and is gone is not believed to be there', async () => {
    await known.read();
    await issuer.close();
    await known.tick();
    await expect(known.read()).rejects.toThrow('cannot be asked: ECONNREFUSED');
  });

  test('that is slow is not waited for', async () => {
    issuer.delay(5_000);
    await expect(known.read()).rejects.toThrow('did not answer in time');
  });

  test('that answers without end is cut off', async () => {
    issuer.answer('/.well-known/openid-configuration', (_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ issuer: issuer.url, more: 'x'.repeat(600_000) }));
    });
    await expect(known.read()).rejects.toThrow('answered with more than 524288 bytes');
  });

  test.each([
    ['another issuer', { issuer: 'https://evil.example' }],
    ['itself in another spelling', (url: string) => ({ issuer: `${url}/` })],
    ['nobody', {}],
    [
      'a vendor for whom others make exceptions',
      { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' },
    ],
  ])('that speaks of %s is not believed', async (_whom, says) => {
    discovered(typeof says === 'function' ? says(issuer.url) : says);
    await expect(known.read()).rejects.toThrow(/issuer/);
  });

  test.each([
    ['no token endpoint', { token_endpoint: undefined }, 'has no token_endpoint that is https'],
    [
      'a script in place of an address',
      { authorization_endpoint: 'javascript:alert(1)' },
      'has no authorization_endpoint that is https',
    ],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }, 'has no jwks_uri that is https'],
    [
      'a list in place of an address',
      { jwks_uri: ['https://id.corp/jwks'] },
      'has no jwks_uri that is https',
    ],
    ['no algorithm but another', { id_token_signing_alg_values_supported: ['HS256'] }, 'does not list RS256'],
  ])('with %s is told of before anybody signs in', async (_what, odd, sentence) => {
    const { url } = issuer;
    discovered({
      ...{ issuer: url, authorization_endpoint: `${url}/auth`, token_endpoint: `${url}/token` },
      ...{ jwks_uri: `${url}/jwks`, id_token_signing_alg_values_supported: ['RS256'], ...odd },
    });
    await expect(known.read()).rejects.toThrow(sentence);
    expect(told[0]).toContain(sentence);
  });

  test('whose secret cannot be read is not asked without it', async () => {
    const without = createKnownIssuer({
      settings: issuerOf({ issuer: issuer.url }),
      credential: async () => {
        throw new Error('/etc/none: there is no such file');
      },
      now: () => now,
      onProblem: (why) => told.push(why),
      onRecovered: () => undefined,
      times: TIMES,
    });
    await expect(without.read()).rejects.toThrow('there is no such file');
    expect(questions()).toBe(0);
  });
});
