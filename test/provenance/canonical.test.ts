import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalBytes, canonicalText } from '../../src/provenance/canonical.ts';
import { uuidV7 } from '../../src/provenance/uuid.ts';

describe('canonical bytes', () => {
  it.each([
    [
      'keys by UTF-16 code units, as RFC 8785 §3.2.3 lists them',
      {
        '\u20ac': 'Euro Sign',
        '\r': 'Carriage Return',
        '\ufb33': 'Hebrew Letter Dalet With Dagesh',
        '1': 'One',
        '\ud83d\ude00': 'Emoji: Grinning Face',
        '\u0080': 'Control',
        '\u00f6': 'Latin Small Letter O With Diaeresis',
      },
      '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\ud83d\ude00":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
    ],
    ['the string of RFC 8785 §3.2.2', '\u20ac$\u000f\nA\'B"\\\\"/', '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'],
    ['literals', [null, true, false], '[null,true,false]'],
    ['minus nought as nought', -0, '0'],
    ['the largest safe integer', Number.MAX_SAFE_INTEGER, '9007199254740991'],
    ['no space, and nested keys in order', { b: [{ d: 1, c: {} }], a: [] }, '{"a":[],"b":[{"c":{},"d":1}]}'],
    ['DEL and separators as they are', '\u007f\u2028', '"\u007f\u2028"'],
  ])('writes %s', (_what, value, expected) => {
    expect(canonicalText(value)).toBe(expected);
    expect(Buffer.from(canonicalBytes(value))).toEqual(Buffer.from(expected, 'utf8'));
  });

  it.each([
    ['a fraction', { a: [1.5] }, '$.a[0]'],
    ['an unsafe integer', 2 ** 53, '$'],
    ['not a number', Number.NaN, '$'],
    ['a lone surrogate', { a: '\ud800' }, '$.a'],
    ['a lone surrogate in a key', { '\udc00': 1 }, '$'],
    ['undefined', { a: undefined }, '$.a'],
    ['a hole of an array', new Array(1), '$[0]'],
    ['a date', { at: new Date(0) }, '$.at'],
    ['bytes', { b: new Uint8Array(2) }, '$.b'],
    ['a big integer', 1n, '$'],
  ])('refuses %s and names its place', (_what, value, place) => {
    expect(() => canonicalText(value)).toThrow(place);
  });

  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger().map((n) => n + 0),
      fc.string({ unit: 'binary' }),
      fc.array(tie('value')),
      fc.dictionary(
        fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
        tie('value'),
      ),
    ),
  })).value;

  it('reads back as the same value, and the same value has the same bytes in whatever order its keys were set', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalText(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalText(reversed(JSON.parse(text)))).toBe(text);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

describe('uuidV7', () => {
  it('has the bits of the example in RFC 9562 appendix A.6', () => {
    const random = Buffer.from('0cc318c4dc0c0c07398f', 'hex');
    expect(uuidV7(0x017f22e279b0, random)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('sorts by time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 48 - 2 }),
        fc.uint8Array({ minLength: 10, maxLength: 10 }),
        (time, random) => {
          expect(uuidV7(time, random) < uuidV7(time + 1, new Uint8Array(10))).toBe(true);
        },
      ),
    );
  });

  it('refuses too little chance', () => {
    expect(() => uuidV7(0, new Uint8Array(9))).toThrow('10 random bytes');
  });
});
