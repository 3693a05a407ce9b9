import { describe, expect, it } from '@jest/globals';
import { type RepositoryGlobs, repositoryGlobs } from '../../src/import/repository-globs.ts';
import { fits, literalsOf } from '../../src/import/try-pattern.ts';

/** Read as it was meant; the second list where what is taken away is wider than what is granted. */
const TABLE: readonly (readonly [string, readonly string[], (readonly string[])?])[] = [
  ['*', ['*']],
  ['team/*', ['team/*']],
  ['t*/a[bc]', ['t*/ab', 't*/ac']],
  ['x?', [], ['x*']],
  ['Team/*', []],
  ['a\\*', []],
  ['a{user}', []],
  ['[', []],
  ['/^team\\/.*$/', ['team/**']],
  ['/^team\\/[^/]+$/', ['team/*']],
  ['/^team\\//', ['team/**']],
  ['/^team/', ['team*', 'team*/**']],
  ['/-dev$/', ['**/*-dev']],
  ['/team/', ['team']],
  ['/^(a|b\\/c)$/', ['a', 'b/c']],
  ['/^a.*z$/', ['a*z', 'a*/**/*z']],
  ['/^.*\\/app$/', ['*/**/app']],
  ['/^v\\d$/', ['v0', 'v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7', 'v8', 'v9']],
  ['/^v[0-9a-z]$/', [], ['v*']],
  ['/^v.+$/', ['v*/**'], ['v*', 'v*/**']],
  ['/^v-.+$/', ['v-*', 'v-*/**']],
  ['/./', ['**']],
  ['/.*/', ['**']],
  ['/^$/', []],
  ['/^a$b/', []],
];

describe('a pattern of names', () => {
  it.each(TABLE)('%s becomes %j', (text, under, over = under) => {
    expect(repositoryGlobs(text, 'whole')).toEqual({ under, over });
  });

  it('between slashes is found anywhere, as docker_auth reads it', () => {
    const found = ['**/*team*', '**/*team*/**'];
    expect(repositoryGlobs('/team/', 'searched')).toEqual({ under: found, over: found });
  });

  it.each(['/(?i)a/', '/a\\b/', '/(ab)+/', '/[[:alpha:]]/', '/a**/', '/(/', '/\\pL/'])(
    '%s is not guessed at',
    (text) => {
      expect(typeof repositoryGlobs(text, 'whole')).toBe('string');
    },
  );

  it('of any length and nesting is read in no time', () => {
    expect(typeof repositoryGlobs(`/${'('.repeat(50_000)}/`, 'whole')).toBe('string');
    expect(literalsOf(`/^${'(a|b)'.repeat(150)}$/`)).toBeUndefined();
    expect(fits(`/^${'(a|a)'.repeat(60)}x$/`, 'a'.repeat(60), 'searched')).toBeUndefined();
  });

  it('is widened, and nothing granted, where it would be more than a person reads', () => {
    const { under, over } = readable(`/^${'(a|b)'.repeat(10)}$/`);
    expect(under).toEqual([]);
    expect(over).toContain('**/*aaa');
    expect(readable(`/^${'a.*'.repeat(12)}$/`)).toEqual({ under: [], over: ['**'] });
  });
});

function readable(text: string): RepositoryGlobs {
  const globs = repositoryGlobs(text, 'whole');
  if (typeof globs === 'string') throw new Error(globs);
  return globs;
}
