import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseBasic } from '../../src/identity/basic.ts';

const encode = (text: string | Uint8Array) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('Basic credentials', () => {
  it('are absent without a header', () => {
    expect(parseBasic(undefined)).toBeUndefined();
  });

  it.each([
    ['plain', encode('alice:secret'), { user: 'alice', password: 'secret' }],
    ['with colons in the password', encode('alice:a:b:c'), { user: 'alice', password: 'a:b:c' }],
    ['outside ASCII', encode('zoë:pässwörd€😀'), { user: 'zoë', password: 'pässwörd€😀' }],
    ['with an empty password', encode('alice:'), { user: 'alice', password: '' }],
    ['with an empty user', encode(':token'), { user: '', password: 'token' }],
    ['with blanks, which are kept', encode(' alice : x '), { user: ' alice ', password: ' x ' }],
    [
      'with a byte order mark, which is kept',
      encode('\ufeffalice:x'),
      { user: '\ufeffalice', password: 'x' },
    ],
    ['with the scheme in lower case', encode('a:b').replace('Basic', 'basic'), { user: 'a', password: 'b' }],
    ['with more blanks behind the scheme', encode('a:b').replace(' ', '   '), { user: 'a', password: 'b' }],
    ['with 200 characters', encode(`a:${'x'.repeat(200)}`), { user: 'a', password: 'x'.repeat(200) }],
  ])('are read: %s', (_what, header, credentials) => {
    expect(parseBasic(header)).toEqual(credentials);
  });

  it.each([
    ['an empty header', ''],
    ['the scheme alone', 'Basic'],
    ['nothing behind the scheme', 'Basic '],
    ['no base64', 'Basic !!!'],
    ['another scheme', 'Bearer x'],
    ['another scheme that begins alike', 'Basics YTpi'],
    ['no colon', encode('alice')],
    ['base64url', 'Basic YT7_'],
    ['base64 without its padding', 'Basic YTpiYw'],
    ['base64 with bits that say nothing', 'Basic YTpiYx=='],
    ['blanks inside', 'Basic YTpi YTpi'],
    ['something behind', 'Basic YTpi,'],
    ['two credentials', 'Basic YTpi, Basic YTpj'],
    ['parameters', 'Basic YTpi charset=utf-8'],
    ['broken UTF-8', encode(Uint8Array.of(0x61, 0x3a, 0xff, 0xfe))],
    ['overlong UTF-8', encode(Uint8Array.of(0x61, 0x3a, 0xc0, 0x80))],
    ['a NUL in the password', encode('alice:se\0cret')],
    ['a NUL in the user', encode('ali\0ce:secret')],
    ['a line break', encode('alice:secret\n')],
    ['a DEL', encode('alice:\x7f')],
    ['a C1 control', encode('alice:\x85')],
    ['a user of 256 characters', encode(`${'a'.repeat(256)}:x`)],
    ['nine kilobytes', encode(`a:${'x'.repeat(7000)}`)],
    ['a hundred kilobytes of blanks', `Basic ${' '.repeat(100_000)}`],
  ])('are malformed: %s', (_what, header) => {
    expect(parseBasic(header)).toBe('malformed');
  });

  it('come back as they were encoded', () => {
    const word = fc.string({ unit: 'grapheme', maxLength: 60 }).filter((text) => !/\p{Cc}/u.test(text));
    fc.assert(
      fc.property(
        word.filter((text) => !text.includes(':')),
        word,
        (user, password) => {
          expect(parseBasic(encode(`${user}:${password}`))).toEqual({ user, password });
        },
      ),
    );
  });

  it('are never taken for absent when there is a header', () => {
    fc.assert(fc.property(fc.string(), (header) => expect(parseBasic(header)).not.toBeUndefined()));
  });
});
