import { describe, expect, it } from '@jest/globals';
import { readClaims } from '../../src/identity/oidc/read-claims.ts';
import { documented, issuerOf } from './settings-of.ts';
import { GITHUB, GITLAB, JENKINS } from './shapes.ts';

describe('the claims of a build', () => {
  it('are read from a token of Jenkins by the example of the page', () => {
    expect(readClaims(JENKINS, issuerOf(documented('jenkins')))).toEqual({
      ok: true,
      build: {
        name: 'jenkins:https://jenkins.corp/job/team/job/app/',
        groups: ['ci'],
        build: { issuer: 'https://jenkins.corp/oidc', job: 'job/team/job/app/' },
        number: 117,
      },
    });
  });

  it('are read from a token of GitLab by the example of the page', () => {
    expect(readClaims(GITLAB, issuerOf(documented('gitlab')))).toEqual({
      ok: true,
      build: {
        name: 'gitlab:project_path:team/app:ref_type:branch:ref:main',
        groups: ['platform'],
        build: {
          issuer: 'https://gitlab.corp',
          project: 'team/app',
          branch: 'main',
          job: '302',
          environment: 'production',
          event: 'push',
          operator: 'alice',
        },
        number: 574,
        commit: '714a629c0b401fdce83e847fc9589983fc6f46bc',
      },
    });
  });

  it('are read from a token of GitHub by the example of the page', () => {
    expect(readClaims(GITHUB, issuerOf(documented('github')))).toEqual({
      ok: true,
      build: {
        name: 'github:repo:corp/app:environment:production',
        groups: [],
        build: {
          issuer: 'https://token.actions.githubusercontent.com',
          project: 'corp/app',
          tag: 'v1.4.0',
          job: 'release',
          environment: 'production',
          event: 'push',
          operator: 'octocat',
        },
        number: 10,
        commit: '0f39f1bd2d6b1b2f4a4f2a3a0d2c6d2b7a9c1e11',
      },
    });
  });

  it('of another owner are refused by `require`', () => {
    expect(readClaims({ ...GITHUB, repository_owner: 'evil' }, issuerOf(documented('github')))).toEqual({
      ok: false,
      why: 'the token’s claim repository_owner is not one that is taken here',
    });
    const { repository_owner: _, ...without } = GITHUB;
    expect(readClaims(without, issuerOf(documented('github')))).toMatchObject({ ok: false });
  });

  it('a tag is no branch, and a pull request neither', () => {
    const gitlab = readClaims({ ...GITLAB, ref: 'v1', ref_type: 'tag' }, issuerOf(documented('gitlab')));
    expect(gitlab).toMatchObject({ build: { build: { tag: 'v1' } } });
    expect(gitlab.ok && gitlab.build.build.branch).toBe(undefined);
    const github = readClaims({ ...GITHUB, ref: 'refs/pull/7/merge' }, issuerOf(documented('github')));
    expect(github.ok && [github.build.build.branch, github.build.build.tag]).toEqual([undefined, undefined]);
  });

  const issuer = issuerOf({
    issuer: 'https://ci.corp',
    groups: { always: ['ci'], claim: 'groups', among: ['web', 'db'] },
    build: { project: 'project', operator: 'operator', number: 'number', commit: 'constructor' },
  });
  const read = (claims: Record<string, unknown>) => readClaims({ sub: 'x', ...claims }, issuer);

  it('give no group that the settings do not list', () => {
    expect(read({ groups: ['admins', 'db', 'auditors'] })).toMatchObject({ build: { groups: ['ci', 'db'] } });
    expect(read({ groups: 'web' })).toMatchObject({ build: { groups: ['ci', 'web'] } });
    expect(read({})).toMatchObject({ build: { groups: ['ci'] } });
    for (const groups of [{ web: true }, [['web']], 7]) expect(read({ groups })).toMatchObject({ ok: false });
  });

  it('are not those that every object has', () => {
    expect(read({})).not.toHaveProperty('build.commit');
  });

  it.each<[string, Record<string, unknown>]>([
    ['an operator with two @', { operator: 'a@evil.com@corp.com' }],
    ['a subject with two @', { sub: 'a@evil.com@corp.com' }],
    ['an empty subject', { sub: '' }],
    ['a subject of another script', { sub: 'аdmin' }],
    ['a subject that is no text', { sub: ['x'] }],
    ['a subject that is too long', { sub: 'x'.repeat(253) }],
    ['a project that is an object', { project: { name: 'x' } }],
    ['a project with a line end', { project: 'x\ny' }],
    ['a project that is too long', { project: 'x'.repeat(256) }],
    ['a number that is none', { number: 'seven' }],
    ['a negative number', { number: -7 }],
    ['half a number', { number: 1.5 }],
  ])('are refused with %s', (_what, claims) => {
    expect(read(claims)).toMatchObject({ ok: false, why: expect.stringMatching(/claim|number/) });
  });

  it('give a build the name of no person', () => {
    const found = readClaims({ sub: 'alice' }, issuer);
    expect(found.ok && found.build.name).toBe('ci:alice');
  });
});
