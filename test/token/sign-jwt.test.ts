import { sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { compactVerify, decodeProtectedHeader } from 'jose';
import jwt from 'jsonwebtoken';
import { createRandomSource } from '../../src/token/random-source.ts';
import { jwtHeader, signJwt } from '../../src/token/sign-jwt.ts';
import { makeKey } from './make-keys.ts';

describe('a JWT', () => {
  it.each(['ES256', 'RS256'] as const)('holds for jsonwebtoken and for jose: %s', async (algorithm) => {
    const key = makeKey(algorithm);
    const claims = { sub: 'ålice', n: 1, list: ['a'] };
    const token = signJwt(jwtHeader(key), claims, key);
    expect(jwt.verify(token, key.publicKey, { algorithms: [algorithm] })).toEqual(claims);
    const { payload } = await compactVerify(token, key.publicKey, { algorithms: [algorithm] });
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual(claims);
    expect(decodeProtectedHeader(token)).toEqual({ alg: algorithm, typ: 'JWT', kid: key.kid });
  });

  it('holds also where a number of the signature begins with zeros', () => {
    const key = makeKey('ES256');
    const lengths = new Set<number>();
    for (let nth = 0; nth < 2000; nth++) {
      const [header, claims, signature = ''] = signJwt(jwtHeader(key), { nth }, key).split('.');
      const bytes = Buffer.from(signature, 'base64url');
      expect(bytes.length).toBe(64);
      const data = Buffer.from(`${header}.${claims}`);
      const options = { key: key.publicKey, dsaEncoding: 'ieee-p1363' } as const;
      expect(verify('sha256', data, options, bytes)).toBe(true);
      for (const at of [0, 32]) lengths.add(bytes.subarray(at, at + 32).findIndex((byte) => byte !== 0));
    }
    // One of 256 numbers begins with a byte of zeros: of 4000 some do.
    expect([...lengths].sort()).toEqual(expect.arrayContaining([0, 1]));
    expect(sign('sha256', Buffer.from('x'), key.privateKey)[0]).toBe(0x30);
  });
});

describe('the source of random bytes', () => {
  it('gives as many as were asked for, and none twice', () => {
    const random = createRandomSource();
    const pieces = Array.from({ length: 2000 }, () => Buffer.from(random(16)).toString('hex'));
    expect(new Set(pieces).size).toBe(2000);
    expect(pieces.every((piece) => /^[0-9a-f]{32}$/.test(piece))).toBe(true);
    expect(pieces.some((piece) => /0{12}$/.test(piece))).toBe(false);
  });
});
