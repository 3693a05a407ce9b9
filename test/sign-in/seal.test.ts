import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Begun, createSignInSeals } from '../../src/identity/sign-in/seal.ts';

const [OLD, NEW, OTHER] = [randomBytes(32), randomBytes(32), randomBytes(32)] as const;
const BEGUN: Begun = {
  issuer: 'corp',
  secrets: { state: 's'.repeat(43), nonce: 'n'.repeat(43), verifier: 'v'.repeat(43) },
  returnTo: `/ui/records?${'x'.repeat(1_000)}`,
  until: 1,
  before: `wrt_${'i'.repeat(16)}.${'t'.repeat(43)}`,
};

describe('a sealed sign-in', () => {
  test('is opened by whoever has the key, and fits into a cookie', () => {
    const sealed = createSignInSeals(() => [OLD]).seal(BEGUN);
    expect(createSignInSeals(() => [OLD]).open(sealed)).toEqual(BEGUN);
    expect(sealed.length).toBeLessThan(4_000);
  });

  test('outlasts a change of keys, and no further one', () => {
    const sealed = createSignInSeals(() => [OLD]).seal(BEGUN);
    expect(createSignInSeals(() => [NEW, OLD]).open(sealed)).toEqual(BEGUN);
    expect(createSignInSeals(() => [NEW, OTHER]).open(sealed)).toBeUndefined();
  });

  test('is another one each time, and says nothing', () => {
    const seals = createSignInSeals(() => [OLD]);
    const [one, two] = [seals.seal(BEGUN), seals.seal(BEGUN)];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64url').toString('latin1')).not.toContain('sss');
  });

  test('is none when any bit of it differs', () => {
    const seals = createSignInSeals(() => [OLD]);
    const bytes = Buffer.from(seals.seal({ ...BEGUN, returnTo: '/ui/' }), 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(seals.open(changed.toString('base64url'))).toBeUndefined();
    }
  });

  test.each([
    ['nothing', ''],
    ['a letter', 'x'],
    ['an encoded NUL', '%00'],
    ['a text longer than a cookie', 'A'.repeat(5_000)],
    ['padded text', `${'A'.repeat(100)}=`],
  ])('%s is none', (_what, text) => {
    expect(createSignInSeals(() => [OLD]).open(text)).toBeUndefined();
  });
});
