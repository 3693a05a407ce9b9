import { expect, it } from '@jest/globals';
import { describeProblem } from '../../src/config/yaml.ts';
import { lintUsers } from '../../src/policy/lint-users.ts';
import { policyOf } from './build.ts';

it('users and groups that nobody has are told of once, with the name that was probably meant', () => {
  const policy = policyOf(`sets: { groups: { makers: [relaese] } }
rules:
  - { id: a, allow: [pull], repositories: ["**"], who: { users: [alice, jenkin], groups: [ci, "set:makers"] } }
  - { id: b, allow: [pull], repositories: ["**"], who: { users: [jenkin] }, unless: { who: { groups: [ops] } } }
`);
  const users = [
    { name: 'alice', groups: ['ci'] },
    { name: 'jenkins', groups: ['release'] },
  ];
  expect(lintUsers(policy, users).map(describeProblem)).toEqual([
    'a.yaml:3:5 rule a: no user of the users file is called "jenkin"; did you mean "jenkins"?',
    'a.yaml:3:5 rule a: no user of the users file is in the group "relaese"; did you mean "release"?',
    'a.yaml:4:5 rule b: no user of the users file is in the group "ops"',
  ]);
});

it('names of builds are in no file, so nothing is said of them', () => {
  const policy = policyOf(`rules:
  - { id: a, allow: [pull], repositories: ["**"], who: { users: ["ci:job-7", "other:job-7"] } }
`);
  const isBuild = (name: string) => name.startsWith('ci:');
  expect(lintUsers(policy, [], isBuild).map(describeProblem)).toEqual([
    'a.yaml:2:5 rule a: no user of the users file is called "other:job-7"',
  ]);
});
