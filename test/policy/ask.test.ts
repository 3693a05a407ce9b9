import { describe, expect, it } from '@jest/globals';
import { type Asked, readAsked } from '../../src/policy/ask.ts';
import { ANONYMOUS, UNKNOWN } from '../../src/policy/facts.ts';
import { questionFromJson, questionToJson } from '../../src/policy/question-json.ts';
import { policyOf } from './build.ts';

const policy = policyOf(`
hosts: { jenkins-01: { addresses: [10.1.2.11, 10.1.2.12] } }
networks: { builders: [jenkins-01] }
rules: [{ id: all, allow: [pull], repositories: ["**"] }]
`);

function asked(words: Asked) {
  const read = readAsked(words, policy);
  if (!read.ok) throw new Error(read.faults.map(({ message }) => message).join('; '));
  return read.question;
}

describe('a question in words', () => {
  it('leaves unknown what is not said', () => {
    expect(asked({ action: 'push' })).toEqual({
      subject: ANONYMOUS,
      actions: ['create', 'overwrite'],
      address: UNKNOWN,
      tokenAddress: '::',
      repository: UNKNOWN,
      tag: UNKNOWN,
      time: UNKNOWN,
      client: UNKNOWN,
      certificates: [],
    });
    expect(asked({ action: 'pull' }).tag).toBeUndefined();
  });

  it('knows nothing where that is said', () => {
    expect(asked({ action: 'push', user: '', tag: '', client: '' })).toMatchObject({
      subject: ANONYMOUS,
      tag: undefined,
      client: undefined,
    });
  });

  it('reads everything that can be said', () => {
    expect(
      asked({
        user: 'job-7',
        groups: ['ci', 'ci'],
        build: { project: 'team/app' },
        from: 'jenkins-01',
        tokenFrom: '::ffff:10.9.9.9',
        repository: 'team/app',
        action: 'overwrite',
        tag: 'v1',
        time: '2026-05-03 14:00 Europe/Berlin',
        client: 'docker/24.0.7',
        certificate: 'jenkins-01.corp',
      }),
    ).toEqual({
      subject: {
        name: 'job-7',
        kind: 'build',
        method: 'oidc',
        groups: ['ci'],
        build: { project: 'team/app' },
      },
      actions: ['overwrite'],
      address: '10.1.2.11',
      tokenAddress: '10.9.9.9',
      repository: 'team/app',
      tag: 'v1',
      time: Date.UTC(2026, 4, 3, 12),
      client: 'docker/24.0.7',
      certificates: ['jenkins-01.corp'],
    });
    expect(asked({ user: 'r', kind: 'robot', action: 'pull' }).subject.method).toBe('robot');
  });

  it.each<[Asked, string, RegExp]>([
    [{}, 'action', /is missing/],
    [{ action: 'pus' }, 'action', /did you mean "push"/],
    [{ action: 'pull', from: 'jenkins-1' }, 'from', /did you mean "jenkins-01"/],
    [{ action: 'pull', from: 'builders' }, 'from', /is a network/],
    [{ action: 'pull', from: '10.0.0.0/8' }, 'from', /no address/],
    [{ action: 'pull', tokenFrom: 'x' }, 'tokenFrom', /no address/],
    [{ action: 'pull', repository: 'Team' }, 'repository', /no name of a repository/],
    [{ action: 'policy', repository: 'team' }, 'repository', /leave it out/],
    [{ action: 'push', tag: 'a/b' }, 'tag', /no tag/],
    [{ action: 'push', time: 'yesterday' }, 'time', /expected a time/],
    [{ action: 'pull', groups: ['ci'] }, 'groups', /which user/],
    [{ action: 'pull', build: { job: 'x' } }, 'build', /which user/],
    [{ action: 'pull', user: 'a', build: { jbo: 'x' } }, 'build', /did you mean "job"/],
    [{ action: 'pull', kind: 'person' }, 'kind', /expected anonymous/],
    [{ action: 'pull', user: 'a', kind: 'anonymous' }, 'kind', /expected person, robot, build/],
    [{ action: 'pull', user: 'a', method: 'passwort' }, 'method', /did you mean "password"/],
  ])('refuses %j at %s', (words, key, message) => {
    const read = readAsked(words, policy);
    expect(read.ok ? [] : read.faults).toEqual([
      expect.objectContaining({ key, message: expect.stringMatching(message) }),
    ]);
  });

  it('says all that is wrong at once', () => {
    const read = readAsked(
      { action: 'x', from: 'x', repository: 'X', tag: '?', time: 'x', user: 'a', kind: 'x' },
      policy,
    );
    expect(read.ok ? [] : read.faults.map(({ key }) => key).sort()).toEqual([
      'action',
      'from',
      'kind',
      'repository',
      'tag',
      'time',
    ]);
  });

  it('asks where the token is from where a rule is bound to that', () => {
    const bound = policyOf(
      'rules: [{ id: b, allow: [push], repositories: ["**"], bind: address, from: [10.0.0.0/8] }]',
    );
    expect(readAsked({ action: 'push' }, bound)).toMatchObject({ ok: false, faults: [{ key: 'tokenFrom' }] });
    expect(readAsked({ action: 'push', tokenFrom: '10.1.1.1' }, bound)).toMatchObject({ ok: true });
  });

  it('is the same after a way through JSON', () => {
    for (const words of [
      { action: 'push' },
      {
        action: 'pull',
        user: '',
        from: '10.1.1.1',
        repository: 'a/b',
        client: '',
        time: '2026-05-03T14:00:00Z',
      },
      {
        action: 'push',
        user: 'j',
        groups: ['a'],
        build: { job: 'x' },
        tag: 'v1',
        certificate: 'c',
        from: '::1',
      },
    ]) {
      const question = asked(words);
      expect(questionFromJson(JSON.parse(JSON.stringify(questionToJson(question))))).toEqual(question);
    }
  });
});
