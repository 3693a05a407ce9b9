import { readdirSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { jwksOf } from '../../src/token/jwks.ts';
import { believedKeys, endedKeys, type KeyRing, sealingKeys, signerOf } from '../../src/token/key-ring.ts';
import { loadKeyRing, ringFile } from '../../src/token/key-ring-files.ts';
import { makeTemp, type Temp } from '../support/temp.ts';
import { makeKey, makePrivateKey, pemOf } from './make-keys.ts';

const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function aRing(...signsFrom: readonly number[]): KeyRing {
  const [first, ...rest] = [Number.NEGATIVE_INFINITY, ...signsFrom].map((from, index) => ({
    file: `${index}.pem`,
    key: { ...makeKey(), kid: `k${index}` },
    signsFrom: from,
  }));
  if (!first) throw new Error('there is always one');
  return [first, ...rest];
}

describe('keys of tokens', () => {
  it.each<[string, number, string, string, string, string]>([
    ['long before the next signs', NOW - HOUR, 'k0', 'k0 k1', 'k0 k1', ''],
    ['when the next begins to sign', NOW, 'k1', 'k1 k0', 'k1 k0', ''],
    ['while tokens of the one before last', NOW + HOUR, 'k1', 'k1 k0', 'k1 k0', ''],
    ['when these have ended', NOW + HOUR + 120_000, 'k1', 'k1', 'k1 k0', ''],
    ['while uploads of then may go on', NOW + 7 * DAY - 1, 'k1', 'k1', 'k1 k0', ''],
    ['when these are gone, too', NOW + 7 * DAY, 'k1', 'k1', 'k1', 'k0'],
  ])('%s: sign, are believed, seal, and are of no use any more', (_, at, signs, believed, seals, ended) => {
    const ring = aRing(NOW);
    const names = (keys: readonly { readonly kid: string }[]): string => keys.map(({ kid }) => kid).join(' ');
    expect(signerOf(ring, at).key.kid).toBe(signs);
    expect(names(believedKeys(ring, at))).toBe(believed);
    expect(names(sealingKeys(ring, at))).toBe(seals);
    expect(names(endedKeys(ring, at).map(({ key }) => key))).toBe(ended);
  });

  it('are believed before they sign, and the latest that has begun signs', () => {
    const ring = aRing(NOW - 2 * DAY, NOW + 60_000);
    expect(believedKeys(ring, NOW).map(({ kid }) => kid)).toEqual(['k1', 'k2']);
    expect(signerOf(ring, NOW + 60_000).key.kid).toBe('k2');
  });

  it('are published without what is private in them', () => {
    for (const key of [makeKey('ES256'), makeKey('RS256')]) {
      const [jwk] = jwksOf([key]).keys;
      expect(jwk).toMatchObject({ kid: key.kid, alg: key.algorithm, use: 'sig' });
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi']) expect(jwk).not.toHaveProperty(secret);
    }
  });
});

describe('a folder of keys', () => {
  let temp: Temp;
  beforeEach(() => {
    temp = makeTemp('ring');
  });
  afterEach(() => temp.stop());
  const put = (name: string, text = pemOf(makePrivateKey('ES256'))): string => {
    writeFileSync(temp.at(name), text, { mode: 0o600 });
    return temp.at(name);
  };

  it('has the first, and those with a time in their names, in the order of these', () => {
    const file = put('tokens.pem');
    put('tokens.20270115T080001Z.pem');
    put('tokens.20260115T080000Z.pem');
    for (const other of [
      'tokens.bak.pem',
      'tokens.20260115.pem',
      'other.20260115T080000Z.pem',
      'tokens-ca.pem',
    ])
      put(other, 'not read at all');
    const loaded = loadKeyRing(file, 'ES256');
    expect(loaded.ok && loaded.ring.map(({ file: one, signsFrom }) => [one, signsFrom])).toEqual([
      [file, Number.NEGATIVE_INFINITY],
      [temp.at('tokens.20260115T080000Z.pem'), Date.parse('2026-01-15T08:00:00Z')],
      [temp.at('tokens.20270115T080001Z.pem'), Date.parse('2027-01-15T08:00:01Z')],
    ]);
    expect(ringFile(file, Date.parse('2027-01-15T08:00:01Z'))).toBe(temp.at('tokens.20270115T080001Z.pem'));
    expect(readdirSync(temp.path)).toHaveLength(7);
  });

  it('is of the algorithm of the settings where it counts: in the newest', () => {
    const file = put('tokens.pem', pemOf(makePrivateKey('RS256')));
    expect(loadKeyRing(file, 'ES256')).toMatchObject({
      ok: false,
      problems: [{ message: 'the key is one for RS256, the settings say ES256' }],
    });
    put('tokens.20260115T080000Z.pem');
    expect(loadKeyRing(file, 'ES256')).toMatchObject({ ok: true });
  });

  it('is refused as a whole where one of them is bad, and names it', () => {
    const file = put('tokens.pem');
    const bad = put('tokens.20260115T080000Z.pem', 'half a key');
    expect(loadKeyRing(file, 'ES256')).toMatchObject({ ok: false, problems: [{ file: bad }] });
  });

  it('may have one key twice, as between two steps of a rotation', () => {
    const text = pemOf(makePrivateKey('ES256'));
    const file = put('tokens.pem', text);
    put('tokens.20260115T080000Z.pem', text);
    const loaded = loadKeyRing(file, 'ES256');
    expect(loaded.ok && loaded.ring).toHaveLength(1);
  });
});
