import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ANONYMOUS, type BuildClaims, type Subject } from '../../src/policy/facts.ts';
import {
  matchesClaim,
  matchesRepository,
  matchesTag,
  parseClaimGlob,
  parseRepositoryGlob,
  parseTagGlob,
} from '../../src/policy/glob.ts';
import { person } from './build.ts';

function fits(pattern: string, repository: string, subject: Subject = ANONYMOUS): boolean {
  const parsed = parseRepositoryGlob(pattern);
  if (!parsed.ok) throw new Error(parsed.reason);
  return matchesRepository(parsed.glob, repository.split('/'), subject);
}

describe('a pattern of repositories', () => {
  it.each([
    ['foo', 'foo', true],
    ['foo', 'xfoobar', false],
    ['foo', 'foo/x', false],
    ['foo', 'x/foo', false],
    ['*', 'a', true],
    ['*', 'a/b', false],
    ['*', 'a/b/c', false],
    ['*/*/*', 'a/b/c', true],
    ['a/*', 'a', false],
    ['a/*', 'a/b', true],
    ['a/*', 'a/b/c', false],
    ['**', 'a', true],
    ['**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'a/b', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'ab/c', false],
    ['**/z', 'z', true],
    ['**/z', 'a/b/z', true],
    ['**/z', 'a/z/b', false],
    ['a/**/z', 'a/z', true],
    ['a/**/z', 'a/b/c/z', true],
    ['a/**/z', 'a/z/b', false],
    ['**/a/**', 'a', false],
    ['**/a/**', 'a/b', true],
    ['**/a/**', 'x/a/b', true],
    ['**/a/**', 'x/a', false],
    ['**/a/**', 'x/a/a', true],
    ['team-*', 'team-web', true],
    ['team-*', 'team', false],
    ['*-team', 'web-team', true],
    ['*-*-x', 'a-b-x', true],
    ['a.b', 'a.b', true],
    ['a.b', 'axb', false],
    ['a-*.b*', 'a-1.b2', true],
  ])('%s against %s: %s', (pattern, repository, wanted) => {
    expect(fits(pattern, repository)).toBe(wanted);
  });

  it.each([
    ['Team/app', 'lower case'],
    ['a//b', 'one slash'],
    ['/a', 'one slash'],
    ['a/', 'one slash'],
    ['', 'one slash'],
    ['reg.corp:5000/a', 'no colon'],
    ['a:latest', 'no colon'],
    ['a**', 'stands alone'],
    ['a/**b', 'stands alone'],
    ['***', 'stands alone'],
    ['a/**/**', 'one ** is enough'],
    ['{users}/x', 'only {user}, {group} and {build.…}'],
    ['x-{user}', 'only {user}, {group} and {build.…}'],
    ['{user}{group}', 'only {user}, {group} and {build.…}'],
    ['{group}/{group}', 'once'],
    ['..', 'no part'],
    ['../a', 'no part'],
    ['-a', 'no part'],
    ['*-', 'no part'],
    ['a___b', 'no part'],
    ['/foo/', 'one slash'],
    ['^foo$', 'no place here'],
    ['fo+', 'no place here'],
    ['a?', 'no place here'],
    ['[ab]', 'no place here'],
    ['a|b', 'no place here'],
    ['a b', 'no place here'],
    ['a%2fb', 'no place here'],
    ['ä', 'no place here'],
    ['a\nb', 'no place here'],
    ['$user/x', 'no place here'],
    ['a/'.repeat(200), 'longer than 255'],
  ])('%j is refused: %s', (pattern, part) => {
    expect(parseRepositoryGlob(pattern)).toEqual({ ok: false, reason: expect.stringContaining(part) });
  });

  const word = fc.stringMatching(/^[ab]{1,3}$/);
  const part = fc.oneof(word, fc.constantFrom('*', '**', 'a*', '*b', 'a*b', '*a*', '{user}', '{group}'));
  const pattern = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
  const repository = fc.array(word, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'));

  /** The same language written as a regular expression, one for each group. */
  function naive(text: string, name: string, user: string, groups: readonly string[]): boolean {
    return (groups.length === 0 ? ['no group'] : groups).some((group) => {
      let source = text === '**' ? '.+' : text.replace(/\/\*\*$/, '/.+').replace(/\*\*\//g, '(?:[^/]+/)*');
      source = source
        .replace(/(?<![)\]+])\*/g, '[^/]*')
        .replace('{group}', group)
        .replaceAll('{user}', user);
      return new RegExp(`^(?:${source})$`).test(name);
    });
  }

  it('means what the same pattern means as an anchored regular expression', () => {
    const tally = { yes: 0, no: 0 };
    fc.assert(
      fc.property(pattern, repository, word, fc.array(word, { maxLength: 3 }), (text, name, user, groups) => {
        fc.pre(parseRepositoryGlob(text).ok);
        const wanted = naive(text, name, user, groups);
        tally[wanted ? 'yes' : 'no']++;
        expect([text, fits(text, name, person(user, ...groups))]).toEqual([text, wanted]);
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(tally.yes, tally.no)).toBeGreaterThan(50);
  });

  it('takes few steps for many stars', () => {
    // A backtracking matcher needs more steps for this than a test could wait for.
    expect(fits(`${'*a'.repeat(60)}b`, 'a'.repeat(255))).toBe(false);
    expect(fits(`${'**/a/'.repeat(40)}b`, `${'a/'.repeat(126)}a`)).toBe(false);
  });
});

describe('variables', () => {
  it('stand for the caller’s name and for each of the caller’s groups', () => {
    expect(fits('{user}/**', 'alice/x', person('alice'))).toBe(true);
    expect(fits('{user}/**', 'bob/x', person('alice'))).toBe(false);
    expect(fits('{group}/app', 'web/app', person('alice', 'ops', 'web'))).toBe(true);
    expect(fits('{group}/app', 'dev/app', person('alice', 'ops', 'web'))).toBe(false);
    expect(fits('home/{user}/{group}', 'home/alice/web', person('alice', 'web'))).toBe(true);
  });

  it.each(['*', '**', '..', '.', 'a/b', 'victim/..', '.*', '[a-z]+', '', 'Victim', '{group}', '{user}', '/'])(
    'are literals: a caller or a group called %j opens nothing',
    (name) => {
      for (const repository of ['victim', 'victim/y', 'a/b', 'a/b/c', 'user/x', 'group/x']) {
        for (const pattern of [
          '{user}/**',
          '{group}/**',
          '{user}',
          '{group}/*',
          '**/{group}',
          '**/{user}/**',
        ]) {
          expect([pattern, repository, fits(pattern, repository, person(name, name))]).toEqual([
            pattern,
            repository,
            false,
          ]);
        }
      }
    },
  );

  const build = (claims: BuildClaims): Subject => ({
    name: 'ci',
    kind: 'build',
    groups: [],
    method: 'oidc',
    build: claims,
  });

  it.each<[string, BuildClaims, string, boolean]>([
    ['{build.project}', { project: 'team/app' }, 'team/app', true],
    ['{build.project}', { project: 'team/app' }, 'team', false],
    ['{build.project}', { project: 'team/app' }, 'team/app/x', false],
    ['{build.project}/**', { project: 'team/app' }, 'team/app/a/b', true],
    ['{build.project}/**', { project: 'team/app' }, 'team/other/a', false],
    ['**/{build.project}/x', { project: 'team/app' }, 'a/team/team/app/x', true],
    ['**/{build.project}', { project: 'b/b' }, 'b/b/b', true],
    ['ci/{build.project}/{build.branch}', { project: 'a/b', branch: 'main' }, 'ci/a/b/main', true],
    ['{build.branch}/x', { branch: 'feature/y' }, 'feature/y/x', false],
    ['{build.branch}', { branch: 'Main' }, 'main', false],
    ['{build.job}', { branch: 'main' }, 'main', false],
  ])('%s for a build of %j against %s: %s', (pattern, claims, repository, wanted) => {
    expect(fits(pattern, repository, build(claims))).toBe(wanted);
  });

  it.each([
    '*',
    '**',
    '..',
    'a/*',
    'a/**',
    'a/../b',
    '',
    '/',
    'a/',
    'Team/App',
    '{user}',
    'a//b',
    '.*',
    'a\nb',
  ])('are literals: a build of a project called %j opens nothing', (project) => {
    const patterns = ['{build.project}', '{build.project}/**', '**/{build.project}', '**/{build.project}/**'];
    for (const repository of ['a', 'a/b', 'a/b/c', 'team/app', 'ci/a'])
      for (const pattern of patterns)
        expect([pattern, repository, fits(pattern, repository, build({ project }))]).toEqual([
          pattern,
          repository,
          false,
        ]);
  });

  it('fit nothing for someone without a login', () => {
    expect(fits('{user}/**', 'a/b', ANONYMOUS)).toBe(false);
    expect(fits('{user}/**', 'a/b', { ...ANONYMOUS, name: 'a' })).toBe(false);
    expect(fits('{group}/**', 'a/b', ANONYMOUS)).toBe(false);
    expect(fits('{build.project}/**', 'a/b', person('alice'))).toBe(false);
  });
});

describe('a pattern of a claim', () => {
  it.each([
    ['main', 'main', true],
    ['main', 'Main', false],
    ['main', 'xmain', false],
    ['release/*', 'release/1.0', true],
    ['release/*', 'release/1/0', false],
    ['release/**', 'release/1/0', true],
    ['release/**', 'release', false],
    ['**', '', true],
    ['https://gitlab.corp', 'https://gitlab.corp', true],
    ['https://*', 'https://gitlab.corp', true],
    ['https://*', 'https://gitlab.corp/x', false],
    ['https://gitlab.corp', 'https://gitlab.corp.evil.example', false],
    ['a.c', 'abc', false],
  ])('%s against %j: %s', (pattern, value, wanted) => {
    const parsed = parseClaimGlob(pattern);
    expect(parsed.ok && matchesClaim(parsed.glob, value)).toBe(wanted);
  });
});

describe('a pattern of tags', () => {
  it.each([
    ['v*', 'v1.2', true],
    ['v*', 'xv1', false],
    ['latest', 'latest', true],
    ['latest', 'latest2', false],
    ['latest', 'Latest', false],
    ['*-RC*', '1.0-RC1', true],
    ['*', 'anything', true],
    ['v*.*', 'v1', false],
  ])('%s against %s: %s', (pattern, tag, wanted) => {
    const parsed = parseTagGlob(pattern);
    expect(parsed.ok && matchesTag(parsed.glob, tag)).toBe(wanted);
  });

  it.each(['', '**', 'a/b', '.x', '-x', 'a:b', 'sha256:abc', 'a b', 'x'.repeat(129)])(
    '%j is refused',
    (pattern) => {
      expect(parseTagGlob(pattern).ok).toBe(false);
    },
  );
});
