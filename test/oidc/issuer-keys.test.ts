import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { createIssuerKeys, type IssuerKeys, type KeyTimes } from '../../src/identity/oidc/issuer-keys.ts';
import { keySourceOf } from '../../src/identity/oidc/key-source.ts';
import { makeCa, makeCertificate } from '../clients/certificates.ts';
import { type Issuer, makeSigningKey, publicJwk, startIssuer } from '../support/issuer.ts';
import { describeNeeding } from '../support/needs.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { issuerOf } from './settings-of.ts';

/** Time stands still but where a test moves it. */
const TIMES: KeyTimes = { renewMs: 1_000, keepMs: 10_000, pauseMs: 100 };

describe('the keys of an issuer', () => {
  let issuer: Issuer;
  let now: number;
  let said: string[];
  beforeEach(async () => {
    issuer = await startIssuer();
    now = 1_000_000;
    said = [];
  });
  afterEach(() => issuer?.stop());

  function keysFor(entry: Readonly<Record<string, unknown>> = {}, timeoutMs = 2_000): IssuerKeys {
    return createIssuerKeys({
      source: keySourceOf(issuerOf({ issuer: issuer.url, ...entry }), timeoutMs),
      now: () => now,
      times: TIMES,
      onProblem: (why) => said.push(why),
      onRecovered: () => said.push('recovered'),
    });
  }

  /** What is found for a token of the issuer as it signs now. */
  async function find(keys: IssuerKeys): Promise<string> {
    const token = issuer.sign({ sub: 'x' });
    const [header = '', payload = '', signature = ''] = token.split('.');
    try {
      await keys.find(decodeProtectedHeader(token), { protected: header, payload, signature });
      return 'found';
    } catch (error) {
      return (error as Error).message;
    }
  }

  it('are asked for once, however many need them', async () => {
    const keys = keysFor();
    issuer.delay(50);
    expect(await Promise.all([find(keys), find(keys), find(keys)])).toEqual(['found', 'found', 'found']);
    expect(await find(keys)).toBe('found');
    expect(issuer.asked()).toEqual(['/.well-known/openid-configuration', '/jwks']);
  });

  it('are taken from an address without discovery', async () => {
    expect(await find(keysFor({ jwksUrl: `${issuer.url}/jwks` }))).toBe('found');
    expect(issuer.asked()).toEqual(['/jwks']);
  });

  it('are found at once when another one signs, and the old one is not good any more', async () => {
    const keys = keysFor();
    const old = issuer.sign({ sub: 'x' });
    expect(await find(keys)).toBe('found');
    issuer.rotate();
    now += TIMES.pauseMs;
    expect(await find(keys)).toBe('found');
    const [header = '', payload = '', signature = ''] = old.split('.');
    const input = { protected: header, payload, signature };
    await expect(keys.find(decodeProtectedHeader(old), input)).rejects.toThrow('no applicable key');
  });

  it('are asked for no more often than the pause because of keys that nobody has', async () => {
    const keys = keysFor();
    await keys.tick();
    now += TIMES.pauseMs;
    const before = issuer.asked().length;
    const unknown = { alg: 'RS256', kid: 'made-up' };
    const input = { protected: '', payload: '', signature: '' };
    for (let tries = 0; tries < 20; tries++)
      await expect(keys.find(unknown, input)).rejects.toThrow('no applicable key');
    expect(issuer.asked().length - before).toBe(2);
  });

  it('are renewed when they are due, and a key that was taken back is gone', async () => {
    const keys = keysFor();
    await keys.tick();
    const before = issuer.asked().length;
    await keys.tick();
    expect(issuer.asked().length).toBe(before);
    now += TIMES.renewMs;
    await keys.tick();
    expect(issuer.asked().length).toBe(before + 2);
  });

  it('go on while the issuer is away, for as long as they are kept', async () => {
    const keys = keysFor();
    await keys.tick();
    await issuer.close();
    now += TIMES.renewMs;
    await keys.tick();
    expect(said).toEqual([expect.stringContaining('cannot be asked: ECONNREFUSED')]);
    expect(keys.failing()).toBe(true);
    expect(await find(keys)).toBe('found');
    now += TIMES.keepMs;
    expect(await find(keys)).toContain('cannot be asked: ECONNREFUSED');
    await issuer.listen();
    now += TIMES.pauseMs;
    expect(await find(keys)).toBe('found');
    expect(said.at(-1)).toBe('recovered');
    expect(said.length).toBe(2);
  });

  it('that are new while the issuer is away cannot be judged', async () => {
    const keys = keysFor();
    await keys.tick();
    issuer.rotate();
    await issuer.close();
    now += TIMES.pauseMs;
    expect(await find(keys)).toContain('cannot be asked');
  });

  it('are waited for no longer than it is allowed', async () => {
    const keys = keysFor({}, 150);
    issuer.delay(60_000);
    expect(await find(keys)).toContain('did not answer in time');
    issuer.delay(0);
    now += TIMES.pauseMs;
    expect(await find(keys)).toBe('found');
    issuer.delay(60_000);
    now += TIMES.renewMs;
    const renewing = keys.tick();
    // Beside the renewal that hangs.
    expect(await find(keys)).toBe('found');
    await renewing;
  });

  it.each<[string, (issuer: Issuer) => string | Buffer | undefined, number, string]>([
    ['an error', () => '{}', 500, 'answered 500'],
    ['a redirect', () => undefined, 302, 'answered 302'],
    ['no JSON', () => '<html>', 200, 'something else than JSON'],
    ['a list', () => '[]', 200, 'JSON that is no object'],
    [
      'the document of another issuer',
      () => '{"issuer":"https://evil.example"}',
      200,
      'speaks of another issuer',
    ],
    ['no address of keys', ({ url }) => JSON.stringify({ issuer: url }), 200, 'has no jwks_uri'],
    [
      'keys in a file of this machine',
      ({ url }) => JSON.stringify({ issuer: url, jwks_uri: 'file:///etc/passwd' }),
      200,
      'a jwks_uri that is not https',
    ],
    ['more than it may', () => Buffer.alloc(600 * 1024, 'x'), 200, 'more than 524288 bytes'],
  ])('are not taken from an answer with %s', async (_what, bodyOf, status, why) => {
    issuer.answer((_request, response) => {
      response.writeHead(status, { location: 'http://127.0.0.1:1/' });
      response.end(bodyOf(issuer));
    });
    expect(await find(keysFor())).toContain(why);
  });

  it('are not taken from a set without any', async () => {
    issuer.answer((_request, response) => response.end('{"keys":[]}'));
    expect(await find(keysFor({ jwksUrl: `${issuer.url}/jwks` }))).toContain('expected a JSON Web Key Set');
  });

  it('of a set that are no keys at all find nothing', async () => {
    issuer.answer((_request, response) => response.end('{"keys":[{"kty":"oct","k":"AAAA"}]}'));
    expect(await find(keysFor({ jwksUrl: `${issuer.url}/jwks` }))).toContain('no applicable key');
  });

  it('are read from a file, again when they are due', async () => {
    const temp = makeTemp('jwks');
    try {
      const file = temp.at('jwks.json');
      writeFileSync(file, JSON.stringify({ keys: [publicJwk(issuer.key())] }));
      const keys = keysFor({ jwksFile: file });
      expect(await find(keys)).toBe('found');
      writeFileSync(file, JSON.stringify({ keys: [publicJwk(makeSigningKey())] }));
      now += TIMES.renewMs;
      await keys.tick();
      expect(await find(keys)).toContain('no applicable key');
      expect(issuer.asked()).toEqual([]);
    } finally {
      await temp.stop();
    }
  });

  it('with a zero before their number, as Jenkins writes it, are keys', async () => {
    const jwk = publicJwk(issuer.key());
    const n = Buffer.concat([Buffer.of(0), Buffer.from(String(jwk['n']), 'base64url')]).toString('base64url');
    issuer.answer((_request, response) => response.end(JSON.stringify({ keys: [{ ...jwk, n }] })));
    expect(await find(keysFor({ jwksUrl: `${issuer.url}/jwks` }))).toBe('found');
  });
});

describeNeeding(['openssl'], 'an issuer behind a private CA', () => {
  let temp: Temp;
  let issuer: Issuer;
  beforeEach(async () => {
    temp = makeTemp('oidc');
    await makeCa(temp);
    await makeCertificate(temp, 'issuer', '127.0.0.1');
    const [cert, key] = await Promise.all([
      readFile(temp.at('issuer.crt'), 'utf8'),
      readFile(temp.at('issuer.key'), 'utf8'),
    ]);
    issuer = await startIssuer({ tls: { cert, key } });
  });
  afterEach(async () => {
    await issuer?.stop();
    await temp?.stop();
  });

  it('is believed with the CA, and not without', async () => {
    const ask = (entry: Readonly<Record<string, unknown>>) =>
      keySourceOf(issuerOf({ issuer: issuer.url, ...entry }), 2_000)();
    await expect(ask({})).rejects.toThrow(/cannot be asked: (?:UNABLE_TO_VERIFY|SELF_SIGNED|DEPTH_ZERO)/);
    expect((await ask({ caFile: temp.at('ca', 'ca.crt') })).keys.length).toBe(1);
  });

  it('whose keys are at a plain address is not', async () => {
    issuer.answer((_request, response) =>
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: 'http://127.0.0.1:1/jwks' })),
    );
    const source = keySourceOf(issuerOf({ issuer: issuer.url, caFile: temp.at('ca', 'ca.crt') }), 2_000);
    await expect(source()).rejects.toThrow('a jwks_uri that is not https');
  });
});
