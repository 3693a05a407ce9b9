import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hashSecret, isSecret, looksLikeSecret, makeSecret } from '../../src/identity/secret.ts';

describe('a secret', () => {
  it('has a form that can be looked for, whatever the random bytes are', () => {
    const fixed = [0, 0xff].map((byte) => new Uint8Array(32).fill(byte));
    for (const bytes of [...fixed, ...Array.from({ length: 200 }, () => randomBytes(32))]) {
      const secret = makeSecret('robot', () => bytes);
      expect(secret).toMatch(/^rwr_[0-9A-Za-z]{49}$/);
      expect(looksLikeSecret('robot', secret)).toBe(true);
      expect(looksLikeSecret('grant', secret)).toBe(false);
    }
  });

  it('is another for other bytes', () => {
    const secrets = Array.from({ length: 256 }, (_, byte) =>
      makeSecret('grant', () => new Uint8Array(32).fill(0, 0, 31).fill(byte, 31)),
    );
    expect(new Set(secrets).size).toBe(256);
  });

  it('does not look like one with any character changed', () => {
    const secret = makeSecret('robot', randomBytes);
    for (let at = 0; at < secret.length; at++) {
      const changed = `${secret.slice(0, at)}${secret[at] === 'x' ? 'y' : 'x'}${secret.slice(at + 1)}`;
      expect(looksLikeSecret('robot', changed)).toBe(false);
    }
    expect(looksLikeSecret('robot', `${secret} `)).toBe(false);
  });

  it('is known by its hash alone', () => {
    const secret = makeSecret('robot', randomBytes);
    expect(hashSecret(secret)).toMatch(/^[0-9a-f]{64}$/);
    expect(isSecret(hashSecret(secret), secret)).toBe(true);
    for (const other of ['', 'é', makeSecret('robot', randomBytes)])
      expect(isSecret(hashSecret(secret), other)).toBe(false);
  });
});
