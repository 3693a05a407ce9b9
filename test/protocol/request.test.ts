import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Reading, readRequest, readTarget, writeTarget } from '../../src/protocol/request.ts';

const HEX = 'a'.repeat(64);
const DIGEST = `sha256:${HEX}`;

/** What a reading comes to, in one word: the error's name, `redirect`, or the route. */
function outcome(reading: Reading): string {
  if (reading.ok) return reading.request.route;
  return 'redirect' in reading ? 'redirect' : reading.refusal.error;
}

function repositoryOf(reading: Reading): string | undefined {
  return reading.ok && 'repository' in reading.request ? reading.request.repository : undefined;
}

describe('the route of a target', () => {
  it.each([
    ['GET', '/v2/', 'base'],
    ['HEAD', '/v2/', 'base'],
    ['GET', '/v2/_catalog', 'catalog'],
    ['GET', '/v2/_catalog?n=1&last=x', 'catalog'],
    ['GET', '/v2/a/b/tags/list', 'tags'],
    ['GET', '/v2/a/manifests/latest', 'manifest'],
    ['PUT', `/v2/a/manifests/${DIGEST}`, 'manifest'],
    ['DELETE', '/v2/a/manifests/latest', 'manifest'],
    ['GET', `/v2/a/blobs/${DIGEST}`, 'blob'],
    ['GET', `/v2/a/blobs/sha256%3A${HEX}`, 'blob'],
    ['POST', '/v2/a/blobs/uploads/', 'upload-start'],
    ['PATCH', '/v2/a/blobs/uploads/0b1c-x?_state=abc=', 'upload'],
    ['GET', `/v2/a/referrers/${DIGEST}`, 'referrers'],
  ])('%s %s is read as %s', (method, target, route) => {
    expect(outcome(readTarget(method, target))).toBe(route);
  });

  it.each([
    ['/v2/pub/manifests/x/manifests/l', 'pub/manifests/x'],
    ['/v2/sec/tags/list/tags/list', 'sec/tags/list'],
    ['/v2/sec/blobs/uploads/manifests/l', 'sec/blobs/uploads'],
    ['/v2/a/manifests/tags/list', 'a/manifests'],
    [`/v2/${'a'.repeat(255)}/tags/list`, 'a'.repeat(255)],
  ])('the name in %s is all that stands before the last route word', (target, name) => {
    expect(repositoryOf(readTarget('GET', target))).toBe(name);
  });

  it.each([
    ['dot segments', '/v2/pub/../sec/manifests/l'],
    ['encoded dots', '/v2/pub/%2e%2e/sec/manifests/l'],
    ['an encoded slash after dots', '/v2/pub/..%2fsec/manifests/l'],
    ['an encoded slash', '/v2/pub%2Fx/manifests/l'],
    ['an encoded letter', '/v2/%70ub/manifests/l'],
    ['an encoded slash behind v2', '/v2%2Fsec/manifests/l'],
    ['an encoded prefix', '/%76%32/sec/manifests/l'],
    ['an encoded underscore', '/v2/%5fcatalog'],
    ['a doubly encoded slash', '/v2/a%252Fb/manifests/l'],
    ['two slashes first', '//v2/sec/manifests/l'],
    ['two slashes within', '/v2//sec/manifests/l'],
    ['three slashes', '///v2/sec/manifests/l'],
    ['a dot component', '/v2/./sec/manifests/l'],
    ['backslashes', '/v2/pub\\..\\sec/manifests/l'],
    ['upper case', '/v2/PUB/manifests/l'],
    ['an upper-case first component, which the registry takes', '/v2/Pub/x/manifests/l'],
    ['a host with a port', '/v2/host:5000/pub/manifests/l'],
    ['two dots in a name', '/v2/a..b/manifests/l'],
    ['three underscores', '/v2/a___b/manifests/l'],
    ['a dash first', '/v2/-a/manifests/l'],
    ['a dash last', '/v2/a-/manifests/l'],
    ['a name of 256 characters', `/v2/${'a'.repeat(256)}/manifests/l`],
    ['a tag of 129 characters', `/v2/a/manifests/${'t'.repeat(129)}`],
    ['a reference that is neither tag nor digest', '/v2/a/manifests/tag:x'],
    ['a short digest', '/v2/a/manifests/sha256:abc'],
    ['an algorithm in upper case', `/v2/a/manifests/SHA256:${HEX}`],
    ['upper-case hex', `/v2/a/manifests/sha256:${HEX.toUpperCase()}`],
    ['a trailing slash', '/v2/a/manifests/l/'],
    ['a catalogue with a slash', '/v2/_catalog/'],
    ['a fragment', '/v2/a/manifests/l#x'],
    ['a semicolon', '/v2/a;b/manifests/l'],
    ['a plus', '/v2/a+b/manifests/l'],
    ['a letter beyond ASCII', '/v2/é/manifests/l'],
    ['a session that leaves its folder', '/v2/a/blobs/uploads/..'],
    ['an older protocol', '/v1/_ping'],
    ['a ping of old', '/v2/_ping'],
    ['the trust service', '/v2/a/_trust/tuf/root.json'],
    ['metrics', '/metrics'],
    ['debug variables', '/debug/vars'],
    ['another prefix', '/x/v2/a/manifests/l'],
    ['the prefix in upper case', '/V2/a/manifests/l'],
    ['no name at all', '/v2/manifests/l'],
  ])('%s: no such route', (_what, target) => {
    expect(outcome(readTarget('GET', target))).toBe('ROUTE_UNKNOWN');
  });

  it.each(['tag:x', 'sha256:abc', `SHA256:${HEX}`, `sha512:${HEX}${HEX}`])(
    'a push to manifests/%s names no digest that its content could have',
    (reference) => {
      expect(outcome(readTarget('PUT', `/v2/a/manifests/${reference}`))).toBe('DIGEST_MISMATCH');
    },
  );

  it('an upload start with a digest of another algorithm is a plain start, as the registry takes it', () => {
    expect(readTarget('POST', `/v2/a/blobs/uploads/?digest=sha512:${HEX}${HEX}`)).toEqual({
      ok: true,
      request: { route: 'upload-start', method: 'POST', repository: 'a' },
    });
    expect(outcome(readTarget('POST', '/v2/a/blobs/uploads/?digest=x'))).toBe('REQUEST_MALFORMED');
  });

  it('a POST to uploads without its slash is no route', () => {
    expect(outcome(readTarget('POST', '/v2/pub/blobs/uploads'))).toBe('ROUTE_UNKNOWN');
  });

  it.each([
    ['a whole URL', 'http://other/v2/sec/manifests/l', 'REQUEST_MALFORMED'],
    ['an asterisk', '*', 'REQUEST_MALFORMED'],
    ['a lone percent sign', '/v2/a%/manifests/l', 'REQUEST_MALFORMED'],
    ['a percent sign before letters that are no hex', '/v2/%zz/manifests/l', 'REQUEST_MALFORMED'],
    ['more than 8 kB', `/v2/${'a/'.repeat(4600)}manifests/l`, 'TARGET_TOO_LONG'],
    ['a NUL', '/v2/a\0b/manifests/l', 'ROUTE_UNKNOWN'],
    ['a tab', '/v2/a\tb/manifests/l', 'ROUTE_UNKNOWN'],
  ])('%s is refused', (_what, target, error) => {
    expect(outcome(readTarget('GET', target))).toBe(error);
  });

  it('/v2 is sent to /v2/ for those who read, and is no route for others', () => {
    expect(readTarget('GET', '/v2')).toEqual({ ok: false, redirect: '/v2/' });
    expect(outcome(readTarget('POST', '/v2'))).toBe('ROUTE_UNKNOWN');
  });

  it.each([
    ['OPTIONS', '/v2/', 'GET, HEAD'],
    ['TRACE', '/v2/a/manifests/l', 'GET, HEAD, PUT, DELETE'],
    ['PROPFIND', '/v2/_catalog', 'GET'],
    ['HEAD', '/v2/a/tags/list', 'GET'],
    ['POST', '/v2/a/manifests/l', 'GET, HEAD, PUT, DELETE'],
    ['PUT', '/v2/a/blobs/uploads/', 'POST'],
  ])('%s %s is not offered, and the answer says what is', (method, target, allow) => {
    const reading = readTarget(method, target);
    expect(reading).toEqual({
      ok: false,
      refusal: { error: 'METHOD_UNSUPPORTED', headers: { Allow: allow } },
    });
  });
});

describe('the query', () => {
  const start = '/v2/a/blobs/uploads/';

  it.each([
    ['both parts', `mount=${DIGEST}&from=pub`],
    ['an encoded name', `mount=${DIGEST}&fro%6d=pub`],
    ['an encoded value', `mount=${DIGEST}&from=%70ub`],
  ])('a mount with %s is read', (_what, query) => {
    const reading = readTarget('POST', `${start}?${query}`);
    expect(reading).toMatchObject({ request: { mount: { digest: DIGEST, from: 'pub' } } });
  });

  it.each([
    ['without from', `mount=${DIGEST}`],
    ['with an empty from', `mount=${DIGEST}&from=`],
    ['with another spelling of from', `mount=${DIGEST}&FROM=sec`],
    ['with a list of from', `mount=${DIGEST}&from[]=sec`],
  ])('a mount %s is a plain start', (_what, query) => {
    const reading = readTarget('POST', `${start}?${query}`);
    expect(reading.ok && writeTarget(reading.request)).toBe(start);
  });

  it.each([
    ['from twice', `mount=${DIGEST}&from=pub&from=sec`],
    ['from empty and again', `mount=${DIGEST}&from=&from=sec`],
    ['from twice, once encoded', `mount=${DIGEST}&from=pub&fro%6d=sec`],
    ['from with a semicolon', `mount=${DIGEST}&from=sec;x`],
    ['from with a host', `mount=${DIGEST}&from=host:5000/sec`],
    ['from in upper case', `mount=${DIGEST}&from=SEC`],
    ['from with a NUL', `mount=${DIGEST}&from=sec%00`],
    ['from with dots', `mount=${DIGEST}&from=../sec`],
    ['a mount that is no digest', 'mount=latest&from=pub'],
    ['a broken encoding', `mount=${DIGEST}&from=%zz`],
  ])('%s is refused', (_what, query) => {
    expect(outcome(readTarget('POST', `${start}?${query}`))).toBe('REQUEST_MALFORMED');
  });

  it.each([
    ['GET', `/v2/a/blobs/${DIGEST}?from=sec`, `/v2/a/blobs/${DIGEST}`],
    ['PUT', `/v2/a/manifests/${DIGEST}?tag=prod`, `/v2/a/manifests/${DIGEST}`],
    ['GET', '/v2/a/manifests/l?_method=DELETE', '/v2/a/manifests/l'],
    [
      'POST',
      `${start}?origin=x&mount=${DIGEST}&from=pub`,
      `${start}?mount=${encodeURIComponent(DIGEST)}&from=pub`,
    ],
  ])('%s %s: what the route does not know is dropped', (method, target, sent) => {
    const reading = readTarget(method, target);
    expect(reading.ok && writeTarget(reading.request)).toBe(sent);
  });
});

describe('the head of a request', () => {
  function read(method: string, headers: readonly string[]): string {
    return outcome(
      readRequest({ method, target: '/v2/a/manifests/l', rawHeaders: ['Host', 'h', ...headers] }),
    );
  }

  it.each(['GET', 'HEAD', 'DELETE'])(
    '%s with a body is refused: the registry might run it as a request of its own',
    (method) => {
      expect(read(method, ['Transfer-Encoding', 'chunked'])).toBe('BODY_UNEXPECTED');
      expect(read(method, ['Content-Length', '5'])).toBe('BODY_UNEXPECTED');
      expect(read(method, ['Content-Length', '0'])).toBe('manifest');
    },
  );

  it('a body framed in two ways, or in an unknown one, is refused', () => {
    expect(read('PUT', ['Transfer-Encoding', 'chunked', 'Content-Length', '5'])).toBe('REQUEST_MALFORMED');
    expect(read('PUT', ['Transfer-Encoding', 'gzip, chunked'])).toBe('REQUEST_MALFORMED');
    expect(read('PUT', ['Transfer-Encoding', 'chunked', 'transfer-encoding', 'chunked'])).toBe(
      'REQUEST_MALFORMED',
    );
    expect(read('PUT', ['Transfer-Encoding', 'chunked'])).toBe('manifest');
  });

  it('two Authorization headers are refused', () => {
    expect(read('GET', ['Authorization', 'Bearer a', 'authorization', 'Bearer b'])).toBe('REQUEST_MALFORMED');
  });
});

describe('properties', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,8})?$/);
  const name = fc
    .array(fc.oneof(component, fc.constantFrom('manifests', 'blobs', 'uploads', 'tags', 'list')), {
      minLength: 1,
      maxLength: 5,
    })
    .map((parts) => parts.join('/'));
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const digest = fc.stringMatching(/^[a-f0-9]{64}$/).map((hex) => `sha256:${hex}`);

  it('what is written from a reading is read as the same request', () => {
    const target = fc.oneof(
      fc.tuple(name, tag).map(([n, t]) => ['GET', `/v2/${n}/manifests/${t}`] as const),
      fc.tuple(name, digest).map(([n, d]) => ['PUT', `/v2/${n}/manifests/${d}`] as const),
      fc.tuple(name, digest).map(([n, d]) => ['GET', `/v2/${n}/blobs/${d}`] as const),
      fc
        .tuple(name, digest, name)
        .map(([n, d, from]) => ['POST', `/v2/${n}/blobs/uploads/?mount=${d}&from=${from}`] as const),
      fc.tuple(name, tag).map(([n, last]) => ['GET', `/v2/${n}/tags/list?n=5&last=${last}`] as const),
    );
    fc.assert(
      fc.property(target, ([method, text]) => {
        const reading = readTarget(method, text);
        expect(reading.ok).toBe(true);
        if (reading.ok) expect(readTarget(method, writeTarget(reading.request))).toEqual(reading);
      }),
    );
  });

  it('is total: any text gets an answer, and what is accepted is in its plain form', () => {
    const soup = fc.array(
      fc.oneof(
        fc.constantFrom(
          '/',
          'v2',
          '..',
          '.',
          '%2e',
          '%2F',
          '%',
          '//',
          '\\',
          ';',
          '?',
          '&',
          '=',
          '_catalog',
          'manifests',
          'blobs',
          'uploads',
          DIGEST,
          'A',
          '\0',
          '#',
        ),
        fc.string({ maxLength: 6 }),
      ),
      { maxLength: 14 },
    );
    fc.assert(
      fc.property(fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'X'), soup, (method, parts) => {
        const reading = readTarget(method, `/v2/${parts.join('')}`);
        if (!reading.ok) return;
        const written = writeTarget(reading.request).split('?')[0] ?? '';
        expect(written).toMatch(/^\/v2\/[a-zA-Z0-9._:/=-]*$/);
        expect(written.split('/')).not.toContain('..');
      }),
      { numRuns: 2000 },
    );
  });
});
