import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { returnPath } from '../../src/identity/sign-in/return-path.ts';

const PUBLIC = 'https://registry.corp:5000';

test.each([
  ['/ui/', '/ui/'],
  ['/ui/records?tag=1&since=2026-01-01T00%3A00%3A00Z', '/ui/records?tag=1&since=2026-01-01T00%3A00%3A00Z'],
  ['/ui/record/12', '/ui/record/12'],
  [`${PUBLIC}/ui/hosts`, '/ui/hosts'],
])('%s is of the page', (text, path) => {
  expect(returnPath(text, PUBLIC)).toBe(path);
});

test.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example/ui/',
  'https://registry.corp:5000@evil.example/ui/',
  'https://user@registry.corp:5000/ui/',
  'https://registry.corp/ui/',
  'http://registry.corp:5000/ui/',
  'javascript:alert(1)//ui/',
  'data:text/html,/ui/',
  '/ui',
  '/uix/',
  '/ui/..',
  '/ui/../v2/',
  '/ui/%2e%2e/v2/',
  '/ui/%2E./%2e%2E//evil.example',
  '/ui/..//evil.example',
  '/ui//evil.example',
  '/ui/\t//evil.example',
  '/ui/%5cevil',
  '/ui/%0d%0aLocation:x',
  '/ui/session',
  '/ui/sign-in/corp',
  '/ui/signed-in/corp?code=x',
  '/v2/',
  'http://[',
])('%s is not', (text) => {
  expect(returnPath(text, PUBLIC)).toBe('/ui/');
});

test('what is longer than a cookie could hold is not', () => {
  expect(returnPath(`/ui/records?${'x'.repeat(2_000)}`, PUBLIC)).toBe('/ui/');
});

test('whatever the text, a browser stays on the page of this server', () => {
  const parts = fc.constantFrom(
    '/',
    '\\',
    '..',
    '%2e',
    '//',
    'ui',
    'evil.example',
    ':',
    '@',
    '?',
    '#',
    '\t',
    'x',
  );
  const odd = fc.array(parts, { maxLength: 12 }).map((list) => `/ui/${list.join('')}`);
  fc.assert(
    fc.property(fc.oneof(odd, fc.webUrl(), fc.string()), (text) => {
      const { origin, pathname } = new URL(PUBLIC + returnPath(text, PUBLIC));
      expect(origin).toBe(PUBLIC);
      expect(pathname.startsWith('/ui/')).toBe(true);
    }),
  );
});
