import { describe, expect, it } from '@jest/globals';
import { writeRequestHead } from '../../src/upstream/fast-lane-request.ts';

describe('the head of a request on the fast lane', () => {
  it('holds target, host and headers, and keeps the connection', () => {
    expect(
      writeRequestHead('GET', '/v2/a/manifests/b', '127.0.0.1:5000', {
        accept: ['x/y', 'z'],
        range: undefined,
        'user-agent': 'caf\xe9',
      }),
    ).toBe(
      'GET /v2/a/manifests/b HTTP/1.1\r\nhost: 127.0.0.1:5000\r\naccept: x/y\r\naccept: z\r\nuser-agent: caf\xe9\r\nconnection: keep-alive\r\n\r\n',
    );
  });

  it.each(['a\r\nb', 'a\nb', 'a\rb', 'a\0b', 'a\x7fb', 'a\u0100b', 'a\u560ab'])(
    'refuses the value %j',
    (value) => {
      expect(() => writeRequestHead('GET', '/', 'x', { accept: value })).toThrow(TypeError);
      expect(() => writeRequestHead('GET', '/', 'x', { accept: ['fine', value] })).toThrow(TypeError);
    },
  );

  it.each(['', 'a b', 'a:', 'a\r\nb', 'ä'])('refuses the name %j', (name) => {
    expect(() => writeRequestHead('GET', '/', 'x', { [name]: 'y' })).toThrow(TypeError);
  });

  it.each(['', 'v2', 'http://x/', '/a b', '/a\r\nb', '/a\tb', '/\xe4', '/a HTTP/1.1\r\n\r\nGET /b'])(
    'refuses the target %j',
    (target) => {
      expect(() => writeRequestHead('GET', target, 'x', {})).toThrow(TypeError);
    },
  );

  it('does not tell the value that it refuses', () => {
    let said = '';
    try {
      writeRequestHead('GET', '/', 'x', { authorization: 'Bearer secret\n' });
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain('authorization');
    expect(said).not.toContain('secret');
  });
});
